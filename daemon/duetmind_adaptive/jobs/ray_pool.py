"""A daemon's jobs on a Ray cluster: one ledger of ours decides who goes first, Ray finds the place.

Ray alone knows neither priorities nor shares nor ageing, and a request that waits in it says nothing. So what jobs ask
for is granted here, out of what the cluster's nodes have together, and only what was granted is handed to Ray.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from duetmind_adaptive.contracts import ORDINARY, Claim
from duetmind_adaptive.errors import JobError
from duetmind_adaptive.jobs.desk import Desk
from duetmind_adaptive.jobs.load import PoolLoad, TaskLoad
from duetmind_adaptive.jobs.output import Sinks
from duetmind_adaptive.jobs.ray_executor import RayExecutor
from duetmind_adaptive.jobs.resources import Capacity

T = TypeVar("T")

#: what there is of a cluster that nobody has asked yet
UNKNOWN = Capacity(cpu_cores=0.0, memory_gb=0.0, gpus=())


class RayPool:
    """Executor of a service whose jobs run on a cluster; see contracts.Executor.

    Parameters
    ----------
    address
        Of the cluster's head; as of `RayExecutor`.
    most
        Tasks at a time, at most.
    outputs
        Makes what takes the output of a job.

    Raises
    ------
    JobError
        When Ray is not installed, or the address is not explicit.
    """

    def __init__(self, address: str, *, most: int = 64, outputs: Sinks | None = None) -> None:
        self._cluster = RayExecutor(address, most=most, guarded=True, outputs=outputs, resized=self._resize)
        self._opening = asyncio.Lock()
        self._desk: Desk | None = None
        self._wishing = set[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def problem(self) -> str | None:
        """Why the cluster cannot be used; None when it can, or nobody has asked."""
        return self._cluster.problem

    @property
    def load(self) -> PoolLoad:
        """The present moment's figures."""
        desk = self._desk
        if desk is None:
            return PoolLoad(capacity=UNKNOWN, granted=(), waiting=0, processes=0)
        return PoolLoad(capacity=desk.capacity, granted=desk.granted, waiting=desk.waiting, processes=len(desk.granted))

    async def tasks(self) -> tuple[TaskLoad, ...]:
        """Every task that waits or runs, oldest first; what it uses there is not known here."""
        desk, now = self._desk, time.monotonic()
        if desk is None:
            return ()
        return tuple(
            TaskLoad(
                label=each.label, job=each.claim.job, seconds=now - each.since, waits_for=desk.why(each),
                grant=each.grant, memory=None, cpu_seconds=None,
            )
            for each in desk.tenants
        )  # fmt: skip

    async def run(
        self,
        task: Callable[..., T],
        /,
        *args: object,
        timeout: timedelta,  # noqa: ASYNC109 - the contract's: the limit kills a process, it does not cancel a coroutine
        fresh: bool = False,
        label: str = "",
        memory_gb: float | None = None,
        claim: Claim = ORDINARY,
    ) -> T:
        """As contracts.Executor says.

        Raises
        ------
        WorkerDiedError
            When the cluster cannot be used, or the worker, its node or the cluster's head died.
        ResourceError
            When there will never be as much as is claimed.
        """
        desk = await self._opened()
        tenant = await desk.enter(label or task.__qualname__, claim, memory_gb)
        try:
            return await self._cluster.run(
                task, *args, timeout=timeout, fresh=fresh, label=tenant.label, memory_gb=memory_gb, claim=claim
            )
        finally:
            desk.leave(tenant)

    def wish(self, cores: float) -> None:
        """Ask the cluster's autoscaler for nodes with so many cores in all; they come when they come."""
        task = asyncio.ensure_future(self._wish(cores))
        self._wishing.add(task)
        task.add_done_callback(self._wishing.discard)

    async def _wish(self, cores: float) -> None:
        with suppress(JobError):  # the cluster cannot be used, which `problem` says
            await self._cluster.wish(cores)

    def _resize(self, capacity: Capacity) -> None:
        if self._desk is not None:
            self._desk.resize(capacity)

    async def close(self) -> None:
        """End every task and the client."""
        if self._desk is not None:
            self._desk.turn_away(JobError("The job that waited was stopped: the pool is closed."))
        await self._cluster.close()

    async def _opened(self) -> Desk:
        """The ledger of what the cluster has."""
        async with self._opening:
            if self._desk is None:
                self._desk = Desk(await self._cluster.capacity())
            return self._desk
