"""The process pool: runs tasks in worker processes, within bounds and time limits, unharmed by whatever they do.

Why not ProcessPoolExecutor: it breaks as a whole when one worker dies, has no time limit per task, and leaves a
task's own processes behind. Every task holds a part of the machine in one ledger while its process lives.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from duetmind_adaptive.contracts import ORDINARY, Claim
from duetmind_adaptive.errors import JobTimeoutError, WorkerDiedError
from duetmind_adaptive.jobs.crew import Crew, closed_error
from duetmind_adaptive.jobs.desk import Desk, Tenant
from duetmind_adaptive.jobs.guard import Guard
from duetmind_adaptive.jobs.launcher import Launcher, Output, StartMethod
from duetmind_adaptive.jobs.load import PoolLoad, TaskLoad
from duetmind_adaptive.jobs.output import JobOutput, Sinks
from duetmind_adaptive.jobs.plain import MOST_BYTES
from duetmind_adaptive.jobs.process import WorkerProcess
from duetmind_adaptive.jobs.resources import Capacity
from duetmind_adaptive.jobs.usage import usage_of_sessions
from duetmind_adaptive.jobs.wire import pack_grant, pack_order, unpack_answer
from duetmind_adaptive.logger import get_logger

T = TypeVar("T")

log = get_logger(__name__)


class ProcessPool:
    """Executor of worker processes; see contracts.Executor. Belongs to the event loop that first uses it.

    Parameters
    ----------
    size
        Cores to share out; short for a `capacity` with so many, and the machine's memory and GPUs.
    capacity
        What tasks may hold at a time; default: all that this process may use.
    idle
        A warm worker unused for so long ends.
    grace
        Between TERM and KILL when a task is cancelled, runs over its limit, or the pool closes.
    method
        `forkserver`, or `spawn` where there is none; never fork.
    preload
        Modules that the fork server imports, so that its workers start with them loaded. They count where this process
        has no fork server yet; elsewhere tasks import them.
    guarded
        For a service: answers may be plain values and objects of ours, of 256 MB at most, so that nothing of a job runs
        in this process; see `plain`.
    resting
        For a service that has the machine to itself: the fork server ends with its last worker, if none was used for
        `idle`. No other pool of the process may use one.
    outputs
        Makes what takes the output of a job, each in a process of its own; without it that goes to standard error.
    """

    def __init__(
        self,
        *,
        size: int | None = None,
        capacity: Capacity | None = None,
        idle: timedelta = timedelta(seconds=60),
        grace: timedelta = timedelta(seconds=10),
        method: StartMethod = "forkserver",
        preload: Sequence[str] = (),
        guarded: bool = False,
        resting: bool = False,
        outputs: Sinks | None = None,
    ) -> None:
        self._desk = Desk(capacity or Capacity.of_machine(size))
        self._crew = Crew(Launcher(method, preload), idle=idle, grace=grace, resting=resting)
        self._guard = Guard()
        self._guarded = guarded
        self._outputs = outputs

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def load(self) -> PoolLoad:
        """The present moment's figures."""
        desk = self._desk
        return PoolLoad(capacity=desk.capacity, granted=desk.granted, waiting=desk.waiting, processes=len(self._crew))

    async def tasks(self) -> tuple[TaskLoad, ...]:
        """Every task that waits or runs, oldest first, with what was granted beside what is used."""
        now, tenants = time.monotonic(), self._desk.tenants
        used = await asyncio.to_thread(usage_of_sessions, [each.pid for each in tenants if each.pid is not None])
        return tuple(
            TaskLoad(
                label=each.label,
                job=each.claim.job,
                seconds=now - each.since,
                waits_for=self._desk.why(each),
                grant=each.grant,
                memory=used[each.pid].memory if each.pid in used else None,
                cpu_seconds=used[each.pid].cpu_seconds if each.pid in used and each.fresh else None,
            )
            for each in tenants
        )

    @property
    def problem(self) -> str | None:
        """Why the last start of a worker failed; None when it did not."""
        return self._crew.problem

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
        """Run the module-level function `task` in a worker and return what it returns.

        Waiting for its share of the machine is not counted in `timeout`. A cancelled call returns once its process is
        dead. With `memory_gb` the worker and all that it started may hold that much, and a tenth more for a moment.

        Raises
        ------
        Exception
            What `task` raised, when it can be sent between processes.
        WorkerDiedError
            When the worker was killed, crashed or exited; nothing but this task is lost.
        JobTimeoutError
            When `timeout` was over; the worker and everything it started are dead.
        MemoryExceededError
            When it held more than `memory_gb`; all of it is dead, nothing else is harmed.
        ResourceError
            When it claims more memory or GPUs than there are.
        JobError
            When the task, its result or its exception cannot be sent, it started hundreds of processes, or the pool is
            closed.
        """
        name = label or task.__qualname__
        order = pack_order(task, args, name)
        tenant = await self._admit(name, claim, memory_gb)
        async with self._output(claim, fresh=fresh) as output:
            answer = await self._serve(tenant, order, timeout, output, fresh=fresh)
        return unpack_answer(answer, name, guarded=self._guarded)

    async def close(self) -> None:
        """End every worker; whoever runs or waits gets JobError. Returns once all are dead."""
        self._crew.closed = True
        self._desk.turn_away(closed_error("that waited"))
        await self._crew.close()
        await self._guard.close()

    async def _admit(self, name: str, claim: Claim, memory_gb: float | None) -> Tenant:
        """Wait for a share of the machine."""
        if self._crew.closed:
            raise closed_error(name)
        return await self._desk.enter(name, claim, memory_gb)

    @asynccontextmanager
    async def _output(self, claim: Claim, *, fresh: bool) -> AsyncGenerator[Output]:
        """The end of a pipe that a job's process prints to; None for what is no job, or shares its process."""
        if self._outputs is None or not claim.job or not fresh:
            yield None
            return
        output = JobOutput(self._outputs(claim.job))
        try:
            yield output.writer
        finally:
            await asyncio.shield(output.close())

    async def _serve(self, tenant: Tenant, order: bytes, limit: timedelta, output: Output, *, fresh: bool) -> bytearray:
        """Hire a worker and have it answer; it is dismissed, and dead, if it does not."""
        worker = await self._crew.hire(fresh=fresh, failed=lambda: self._desk.leave(tenant), output=output)
        tenant.pid, tenant.fresh = worker.pid, fresh
        name, most = tenant.label, MOST_BYTES if self._guarded else None
        try:
            with self._guard.over(worker, tenant.memory_gb, name):
                answer = await _within(limit, _ask(worker, tenant, order, most), name)
        except (
            BaseException
        ) as error:  # it died, ran too long or is not wanted any more: end its process, and go on raising
            log.info("jobs.worker_dismissed", job=name, pid=worker.pid, reason=type(error).__name__)
            await asyncio.shield(self._crew.dismiss(worker, lambda: self._desk.leave(tenant)))
            if self._crew.closed and isinstance(error, WorkerDiedError):
                raise closed_error(name) from error
            raise
        self._done_with(worker, tenant, fresh=fresh)
        return answer

    def _done_with(self, worker: WorkerProcess, tenant: Tenant, *, fresh: bool) -> None:
        """Keep a warm worker; the share of one that ends is free once its death is certain."""
        if fresh or self._crew.closed or worker.doomed:
            self._crew.dismiss(worker, lambda: self._desk.leave(tenant), gently=True)
        else:
            self._crew.keep(worker)
            self._desk.leave(tenant)


async def _ask(worker: WorkerProcess, tenant: Tenant, order: bytes, most: int | None) -> bytearray:
    grant = tenant.grant
    cores, gpus = (grant.cpu_cores, grant.gpus) if grant else (1.0, ())
    return await worker.ask(pack_grant(max(1, math.ceil(cores)), gpus), order, tenant.label, most)


async def _within(limit: timedelta, answer: Coroutine[None, None, bytearray], name: str) -> bytearray:
    bound = asyncio.timeout(limit.total_seconds())
    try:
        async with bound:
            return await answer
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise JobTimeoutError(
            f"Job {name} ran longer than its limit of {limit.total_seconds():g} s and was killed."
        ) from error
