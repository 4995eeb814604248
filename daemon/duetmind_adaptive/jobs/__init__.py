"""Where heavy work runs: worker processes that cannot hurt the service, and the durable queue that feeds them.

`pool` runs tasks in them: `desk` and `ledger` share out the machine, `crew` and `process` start and end the processes,
`worker` is what runs inside one; `inline` is the twin that runs in process. `queue` is the SQL of the `jobs` table,
`runner` carries its rows through an executor.
"""
