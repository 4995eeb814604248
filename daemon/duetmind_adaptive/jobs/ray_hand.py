"""What runs on a node of a Ray cluster for us: an actor with a pool of one worker process in it.

Ray itself cannot stop C code, bounds no memory and leaves what a task started alone. So Ray only places the actor,
and each task runs in a child of it, in a session of its own, under the same pool that runs it on one machine: time
limit, memory watch, TERM and KILL to the whole group are the same code. When Ray kills the actor the leash kills the
child.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from duetmind_adaptive.contracts import Claim
from duetmind_adaptive.jobs.memory import GB, usable_memory
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.relay import Relay
from duetmind_adaptive.jobs.resources import Capacity, visible_gpus
from duetmind_adaptive.jobs.wire import pack_error
from duetmind_adaptive.jobs.worker import perform


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One task on its way to the cluster."""

    number: int
    label: str
    #: as `pack_order` makes it
    order: bytes
    #: seconds
    timeout: float
    cpu_cores: float
    gpu_count: int
    memory_gb: float | None
    fresh: bool
    #: the id under which its output is kept; nothing where that is not wanted
    job: str = ""

    @property
    def shape(self) -> tuple[float, int, float]:
        """What a hand must hold to run it."""
        return self.cpu_cores, self.gpu_count, self.memory_gb or 0.0


class Hand:
    """The actor; asynchronous, so that a cancel is heard while a task runs.

    Parameters
    ----------
    cpu_cores
        As many as Ray was asked for.
    grace
        Seconds between TERM and KILL.
    """

    def __init__(self, cpu_cores: float, grace: float) -> None:
        gpus = visible_gpus()  # those that Ray gave to this actor
        capacity = Capacity(cpu_cores=max(cpu_cores, 1.0), memory_gb=usable_memory() / GB, gpus=gpus)
        self._pool = ProcessPool(capacity=capacity, grace=timedelta(seconds=grace), outputs=self._relay)
        #: by the id of the job whose output goes through it
        self._relays: dict[str, Relay] = {}
        self._running: asyncio.Task[bytes] | None = None

    async def ready(self) -> None:
        """Return once the actor has its place."""

    async def run(self, job: Job) -> bytes:
        """The packed answer of the task, or of what became of it."""
        self._running = asyncio.create_task(self._answer(job))
        await asyncio.wait({self._running})
        if job.job:
            await self._relay(job.job).close()
        if self._running.cancelled():
            return b""
        error = self._running.exception()
        return pack_error(error) if error else self._running.result()

    async def printed(self, job: str) -> list[str] | None:
        """What a job has printed since the last time, once it has; None once there is no more."""
        lines = await self._relay(job).fetch()
        if lines is None:
            del self._relays[job]
        return lines

    async def cancel(self) -> None:
        """Return once the task's whole process group is dead."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def close(self) -> None:
        """End the worker process."""
        await self._pool.close()

    async def _answer(self, job: Job) -> bytes:
        return await self._pool.run(
            partial(perform, tell=bool(job.job)), job.order,
            timeout=timedelta(seconds=job.timeout), fresh=job.fresh, label=job.label, memory_gb=job.memory_gb,
            claim=Claim(cpu_cores=job.cpu_cores, gpu_count=job.gpu_count, job=job.job),
        )  # fmt: skip

    def _relay(self, job: str) -> Relay:
        return self._relays.setdefault(job, Relay())
