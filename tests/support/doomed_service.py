"""A service that a test kills: `python doomed_service.py FOLDER kill|forget`."""

import asyncio
import sys
from datetime import timedelta

import worker_tasks

from duetmind_adaptive.jobs.pool import ProcessPool

LIMIT = timedelta(seconds=100)


async def serve(folder: str) -> None:
    """Keep five workers busy, one of them with joblib's processes, one in C that holds the interpreter lock."""
    pool = ProcessPool(size=5)
    await asyncio.gather(
        pool.run(worker_tasks.mark_and_nap, folder, timeout=LIMIT),
        pool.run(worker_tasks.ignore_term, folder, timeout=LIMIT),
        pool.run(worker_tasks.hold_the_interpreter, folder, timeout=LIMIT),
        pool.run(worker_tasks.joblib_naps, folder, 2, timeout=LIMIT),
        pool.run(worker_tasks.mark_and_nap, folder, timeout=LIMIT, fresh=True),
    )


FORGOTTEN: list[ProcessPool] = []


async def forget(folder: str) -> None:
    """Leave without closing the pool."""
    FORGOTTEN.append(ProcessPool(size=1))
    await FORGOTTEN[0].run(worker_tasks.mark_and_nap, folder, 0.0, timeout=LIMIT)
    raise SystemExit(7)


if __name__ == "__main__":
    asyncio.run((serve if sys.argv[2] == "kill" else forget)(sys.argv[1]))
