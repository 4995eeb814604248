"""Runs in a peer's interpreter: `python workflows_peer.py PEER TASKS` prints the seconds of fan, chain and cold start.

Each is used as its documentation shows for many small tasks on one machine: Ray with `ray.init` and remote functions,
Dask with a local cluster of processes and futures, Prefect with a flow whose tasks run in threads, its server off
disk. The cold start is from before the import to the first result.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

WORKERS = 2


def main() -> None:
    """Measure one peer."""
    peer, tasks = sys.argv[1], int(sys.argv[2])
    began = time.perf_counter()
    fan, chain, close = PEERS[peer](lambda: print_line(cold=time.perf_counter() - began))
    for name, work in (("fan", fan), ("chain", chain)):
        begun = time.perf_counter()
        work(tasks)
        print_line(**{name: time.perf_counter() - begun})
    close()


def print_line(**figures: float) -> None:
    """One figure as JSON."""
    print(json.dumps(figures), flush=True)


#: many independent tasks, tasks in a row, and the end
Parts = tuple[Callable[[int], None], Callable[[int], None], Callable[[], None]]


def ray(first: Callable[[], None]) -> Parts:
    """Ray, on a head of its own."""
    import ray  # noqa: PLC0415

    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="error")
    call = ray.remote(abs_)
    assert ray.get(call.remote(-1)) == 1
    first()

    def fan(tasks: int) -> None:
        assert ray.get([call.remote(-at) for at in range(tasks)])[-1] == tasks - 1

    def chain(tasks: int) -> None:
        value: Any = -7
        for _ in range(tasks):
            value = call.remote(value)
        assert ray.get(value) == 7

    return fan, chain, ray.shutdown


def dask(first: Callable[[], None]) -> Parts:
    """Dask distributed, on worker processes of one thread."""
    from distributed import Client, LocalCluster  # noqa: PLC0415

    cluster = LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=50)
    client = Client(cluster)
    assert client.submit(abs_, -1).result() == 1
    first()

    def fan(tasks: int) -> None:
        assert client.gather(client.map(abs_, [-at for at in range(tasks)], pure=False))[-1] == tasks - 1

    def chain(tasks: int) -> None:
        value: Any = -7
        for _ in range(tasks):
            value = client.submit(abs_, value, pure=False)
        assert value.result() == 7

    def close() -> None:
        client.close()
        cluster.close()

    return fan, chain, close


def prefect(first: Callable[[], None]) -> Parts:
    """Prefect, with its own server for the time of the run."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    from prefect import flow, task  # noqa: PLC0415
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415

    call = task(abs_)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=WORKERS))
    def wide(tasks: int) -> int:
        return [future.result() for future in [call.submit(-at) for at in range(tasks)]][-1]

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=WORKERS))
    def long(tasks: int) -> int:
        value: Any = -7
        for _ in range(tasks):
            value = call.submit(value)
        return value.result()

    assert wide(1) == 0
    first()

    def fan(tasks: int) -> None:
        assert wide(tasks) == tasks - 1

    def chain(tasks: int) -> None:
        assert long(tasks) == 7

    return fan, chain, lambda: None


def abs_(value: int) -> int:
    """A trivial task."""
    return abs(value)


PEERS: dict[str, Callable[[Callable[[], None]], Parts]] = {"ray": ray, "dask": dask, "prefect": prefect}

if __name__ == "__main__":
    main()
