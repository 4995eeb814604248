"""The process pool: runs tasks in worker processes, within bounds and time limits, unharmed by whatever they do.

Why not ProcessPoolExecutor: it breaks as a whole when one worker dies, has no time limit per task, and leaves a
task's own processes behind. Workers come from a fork server, started with the first task: the service itself is never
forked (its threads and locks would be copied in an unknown state), and an idle daemon keeps no workers.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog

from duetmind_adaptive.errors import JobError, JobTimeoutError, WorkerDiedError
from duetmind_adaptive.jobs.cpus import usable_cpus
from duetmind_adaptive.jobs.memory_guard import MemoryGuard
from duetmind_adaptive.jobs.process import Launcher, StartMethod, WorkerProcess
from duetmind_adaptive.jobs.slots import Slots
from duetmind_adaptive.jobs.wire import pack_order, unpack_answer

T = TypeVar("T")
R = TypeVar("R")

#: niceness of a process of its own: long jobs yield to the service and to short tasks
FRESH_NICENESS = 5

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolLoad:
    """What the pool is doing, for `/status` and `/metrics`."""

    #: short tasks that run, that wait, and how many may run at a time
    running: int
    waiting: int
    size: int
    #: the same of long tasks, each in a process of its own
    fresh_running: int
    fresh_waiting: int
    fresh_limit: int
    #: living workers, idle ones too
    processes: int


class ProcessPool:
    """Executor of worker processes; see contracts.Executor. Belongs to the event loop that first uses it.

    Parameters
    ----------
    size
        Short tasks at a time, in warm workers that are used again; default: the usable CPUs.
    fresh_limit
        Long tasks at a time (`fresh=True`), each in a process of its own; never above the usable CPUs.
    idle
        A warm worker unused for so long ends.
    grace
        Between TERM and KILL when a task is cancelled, runs over its limit, or the pool closes.
    method
        `forkserver`, or `spawn` where there is none; never fork.
    preload
        Modules that the fork server imports, so that its workers start with them loaded. They count where this process
        has no fork server yet; elsewhere tasks import them.
    """

    def __init__(
        self,
        *,
        size: int | None = None,
        fresh_limit: int | None = None,
        idle: timedelta = timedelta(seconds=60),
        grace: timedelta = timedelta(seconds=10),
        method: StartMethod = "forkserver",
        preload: Sequence[str] = (),
    ) -> None:
        cpus = usable_cpus()
        self._warm = Slots(size or cpus)
        self._fresh = Slots(min(fresh_limit or cpus, cpus))
        self._idle_limit = idle
        self._grace = grace
        self._launcher = Launcher(method, preload)
        self._memory = MemoryGuard()
        #: every worker that lives
        self._alive: set[WorkerProcess] = set()
        #: warm workers without a task, the last used last, each with the timer that ends it
        self._idle: dict[WorkerProcess, asyncio.TimerHandle] = {}
        #: starts and ends under way, which outlast a cancelled caller
        self._chores: set[asyncio.Task[Any]] = set()
        self._closed = False
        #: why the last start of a worker failed; None when it did not
        self.problem: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def load(self) -> PoolLoad:
        """The present moment's figures."""
        return PoolLoad(
            running=self._warm.taken,
            waiting=self._warm.waiting,
            size=self._warm.size,
            fresh_running=self._fresh.taken,
            fresh_waiting=self._fresh.waiting,
            fresh_limit=self._fresh.size,
            processes=len(self._alive),
        )

    async def run(
        self,
        task: Callable[..., T],
        /,
        *args: object,
        timeout: timedelta,  # noqa: ASYNC109 - the contract's: the limit kills a process, it does not cancel a coroutine
        fresh: bool = False,
        label: str = "",
        memory_gb: float | None = None,
    ) -> T:
        """Run the module-level function `task` in a worker and return what it returns.

        Waiting for a free worker is not counted in `timeout`. A cancelled call returns once its process is dead.
        With `memory_gb` the worker and all that it started may hold that much, and a tenth more for a moment.

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
        JobError
            When the task, its result or its exception cannot be sent, or the pool is closed.
        """
        name = label or task.__qualname__
        order = pack_order(task, args, name)
        slots = self._fresh if fresh else self._warm
        worker = await self._hire(slots, name)
        try:
            with self._memory.over(worker, memory_gb, name):
                answer = await _within(timeout, worker.ask(order, name), name)
        except (
            BaseException
        ) as error:  # it died, ran too long or is not wanted any more: end its process, and go on raising
            log.info("jobs.worker_dismissed", job=name, pid=worker.pid, reason=type(error).__name__)
            await asyncio.shield(self._dismiss(worker, slots))
            if self._closed and isinstance(error, WorkerDiedError):
                raise _closed_error(name) from error
            raise
        if fresh or self._closed or worker.doomed:
            self._dismiss(worker, slots, gently=True)
        else:
            self._keep(worker, slots)
        return unpack_answer(answer, name)

    async def close(self) -> None:
        """End every worker; whoever runs or waits gets JobError. Bounded by the grace, and a start under way."""
        self._closed = True
        for slots in (self._warm, self._fresh):
            slots.turn_away(_closed_error("that waited"))
        for worker in self._alive:
            timer = self._idle.pop(worker, None)
            if timer is not None:
                timer.cancel()
            self._later(worker.end(self._grace, gently=timer is not None))
        while self._chores:
            await asyncio.wait(self._chores)
        await self._memory.close()
        self._launcher.close()
        atexit.unregister(self._abandon)

    async def _hire(self, slots: Slots, name: str) -> WorkerProcess:
        """Wait for a slot, then take an idle worker or start one; it holds the slot until kept or dismissed."""
        if self._closed:
            raise _closed_error(name)
        await slots.acquire()
        while slots is self._warm and self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if not worker.died.done():
                return worker
        starting = self._later(self._start(0 if slots is self._warm else FRESH_NICENESS))
        try:
            return await asyncio.shield(starting)
        except BaseException:
            self._later(self._undo(starting, slots))
            raise

    async def _start(self, nice: int) -> WorkerProcess:
        atexit.unregister(self._abandon)
        atexit.register(self._abandon)
        try:
            worker = await self._launcher.start(nice=nice)
        except JobError as error:
            self.problem = str(error)
            raise
        self.problem = None
        self._alive.add(worker)
        worker.died.add_done_callback(lambda died: died.cancelled() or self._bury(worker))
        if self._closed:
            await worker.end(self._grace, gently=True)
            raise _closed_error("that waited")
        return worker

    async def _undo(self, starting: asyncio.Task[WorkerProcess], slots: Slots) -> None:
        """Free the slot of a start that failed or that nobody waits for any more."""
        try:
            worker = await starting
        except JobError:
            slots.release()
        else:
            await self._dismiss(worker, slots)

    def _keep(self, worker: WorkerProcess, slots: Slots) -> None:
        loop = asyncio.get_running_loop()
        self._idle[worker] = loop.call_later(self._idle_limit.total_seconds(), self._retire, worker)
        slots.release()

    def _retire(self, worker: WorkerProcess) -> None:
        self._idle.pop(worker).cancel()
        self._later(worker.end(self._grace, gently=True))

    def _dismiss(self, worker: WorkerProcess, slots: Slots, *, gently: bool = False) -> asyncio.Task[None]:
        """End a worker; its slot is free once its death is certain."""

        async def end() -> None:
            await worker.end(self._grace, gently=gently)
            slots.release()

        return self._later(end())

    def _bury(self, worker: WorkerProcess) -> None:
        self._alive.discard(worker)
        if worker in self._idle:
            log.warning("jobs.idle_worker_died", pid=worker.pid)
            self._retire(worker)

    def _later(self, chore: Coroutine[None, None, R]) -> asyncio.Task[R]:
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task

    def _abandon(self) -> None:
        """At interpreter exit without `close`: multiprocessing would wait for the workers for ever."""
        for worker in self._alive:
            worker.kill()


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


def _closed_error(name: str) -> JobError:
    return JobError(f"Job {name} was stopped: the process pool is closed.")
