"""A service that carries one job, for tests that kill it at a failpoint: `python job_service.py FOLDER OWNER`."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import worker_tasks

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.jobs.kinds import Order
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.jobs.runner import JobRunner
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.store.database import open_store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Follow:
    """Its effect is another row, so that a repeat would show."""

    async def prepare(self, job: Job) -> Any:
        return Order(task=worker_tasks.double, args=(21,), limit=timedelta(seconds=10))

    def started(self, tx: Transaction, job: Job) -> None: ...

    def complete(self, tx: Transaction, job: Job, result: Any) -> None:
        payload = {"result": result, "attempt": job.attempt}
        made = queue.enqueue(tx, id=f"after {job.id}", kind="other", model=job.model, payload=payload, now=NOON)
        assert made, "completed twice"

    def abandon(self, tx: Transaction, job: Job, reason: str) -> None: ...

    async def after_commit(self, job: Job) -> None: ...


async def serve(folder: Path, owner: str) -> None:
    """Ask for the job as a redelivered request does, then carry whatever is queued."""
    store = await open_store(f"sqlite:///{folder / 'jobs.db'}")
    clock = SimulatedClock(NOON)
    bus = DurableBus(store, clock, owner=owner)
    runner = JobRunner(store, InlineExecutor(), clock, bus, {"follow": Follow()}, owner=owner)
    await store.write(lambda tx: queue.enqueue(tx, id="a", kind="follow", model="loans", payload={}, now=NOON))
    await runner.start()
    while (await store.read(queue.counts)) != {"queued": 1, "running": 0}:  # noqa: ASYNC110 - what follows stays queued
        await asyncio.sleep(0.01)
    await runner.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
