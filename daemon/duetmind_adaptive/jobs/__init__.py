"""Where heavy work runs: worker processes that cannot hurt the service, and the durable queue that feeds them.

`pool` starts, bounds, times and kills the processes; `worker` is what runs inside one; `inline` is the twin that
runs in process. `queue` is the SQL of the `jobs` table, `runner` carries its rows through an executor.
"""
