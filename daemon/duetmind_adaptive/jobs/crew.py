"""The worker processes of a pool and their lives: started, kept while idle, retired, dismissed, buried.

Workers come from a fork server, started with the first task: the service itself is never forked (its threads and locks
would be copied in an unknown state), and an idle daemon keeps no workers.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from duetmind_adaptive.errors import JobError
from duetmind_adaptive.jobs.launcher import Launcher, Output
from duetmind_adaptive.jobs.process import WorkerProcess
from duetmind_adaptive.logger import get_logger

R = TypeVar("R")

#: niceness of a process of its own: long jobs yield to the service and to short tasks
FRESH_NICENESS = 5

log = get_logger(__name__)


class Crew:
    """Hires and dismisses workers; how many there may be is the caller's affair.

    Parameters
    ----------
    idle
        A warm worker unused for so long ends.
    grace
        Between TERM and KILL of a worker that is dismissed.
    resting
        Whether the fork server ends too, once no worker is left and none was used for as long as an idle one may live.
    """

    def __init__(self, launcher: Launcher, *, idle: timedelta, grace: timedelta, resting: bool = False) -> None:
        self._launcher = launcher
        self._idle_limit = idle
        self._grace = grace
        self._resting = resting
        self._rest: asyncio.TimerHandle | None = None
        #: when a worker was last hired or kept, by the event loop
        self._used = 0.0
        #: every worker that lives
        self._alive: set[WorkerProcess] = set()
        #: warm workers without a task, the last used last, each with the timer that ends it
        self._idle: dict[WorkerProcess, asyncio.TimerHandle] = {}
        #: starts and ends under way, which outlast a cancelled caller
        self._chores: set[asyncio.Task[Any]] = set()
        self.closed = False
        #: why the last start of a worker failed; None when it did not
        self.problem: str | None = None

    def __len__(self) -> int:
        """How many workers live, idle ones too."""
        return len(self._alive)

    async def hire(self, *, fresh: bool, failed: Callable[[], None], output: Output = None) -> WorkerProcess:
        """An idle worker or a new one.

        Parameters
        ----------
        fresh
            Always a new one, nicer than the service.
        failed
            Called when there is none after all, once nothing of it lives.
        output
            What a fresh one prints to; this process's copy is closed once it has its own.
        """
        while self._idle and not fresh:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if not worker.died.done():
                return worker
        starting = self._later(self._start(FRESH_NICENESS if fresh else 0, output))
        try:
            return await asyncio.shield(starting)
        except BaseException:
            self._later(self._undo(starting, failed))
            raise

    def keep(self, worker: WorkerProcess) -> None:
        """Let it wait for another task."""
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        self._idle[worker] = loop.call_later(self._idle_limit.total_seconds(), self._retire, worker)

    def dismiss(self, worker: WorkerProcess, gone: Callable[[], None], *, gently: bool = False) -> asyncio.Task[None]:
        """End a worker; `gone` is called once its death, and that of all it started, is certain."""

        async def end() -> None:
            await worker.end(self._grace, gently=gently)
            gone()

        return self._later(end())

    async def close(self) -> None:
        """End every worker. Bounded by the grace, and a start under way."""
        self.closed = True
        self._stay_awake()
        for worker in self._alive:
            timer = self._idle.pop(worker, None)
            if timer is not None:
                timer.cancel()
            self._later(worker.end(self._grace, gently=timer is not None))
        while self._chores:
            await asyncio.wait(self._chores)
        self._launcher.close()
        atexit.unregister(self._abandon)

    async def _start(self, nice: int, output: Output) -> WorkerProcess:
        atexit.unregister(self._abandon)
        atexit.register(self._abandon)
        self._stay_awake()
        self._used = asyncio.get_running_loop().time()
        try:
            worker = await self._launcher.start(nice=nice, output=output)
        except JobError as error:
            self.problem = str(error)
            raise
        finally:
            if output is not None:
                output.close()
        self.problem = None
        self._alive.add(worker)
        worker.died.add_done_callback(lambda died: died.cancelled() or self._bury(worker))
        if self.closed:
            await worker.end(self._grace, gently=True)
            raise closed_error("that waited")
        return worker

    async def _undo(self, starting: asyncio.Task[WorkerProcess], failed: Callable[[], None]) -> None:
        """Tell of a start that failed; end one that nobody waits for any more."""
        try:
            worker = await starting
        except JobError:
            failed()
        else:
            await self.dismiss(worker, failed)

    def _retire(self, worker: WorkerProcess) -> None:
        self._idle.pop(worker).cancel()
        self._later(worker.end(self._grace, gently=True))

    def _bury(self, worker: WorkerProcess) -> None:
        self._alive.discard(worker)
        if worker in self._idle:
            log.warning("jobs.idle_worker_died", pid=worker.pid)
            self._retire(worker)
        if self._resting and not self._alive and not self.closed:
            self._stay_awake()
            idle_from = self._used + self._idle_limit.total_seconds()
            self._rest = asyncio.get_running_loop().call_at(idle_from, self._go_to_rest)

    def _go_to_rest(self) -> None:
        if not self._alive:
            self._later(self._launcher.rest())

    def _stay_awake(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _later(self, chore: Coroutine[None, None, R]) -> asyncio.Task[R]:
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task

    def _abandon(self) -> None:
        """At interpreter exit without `close`: multiprocessing would wait for the workers for ever."""
        for worker in self._alive:
            worker.kill()


def closed_error(name: str) -> JobError:
    """What a task is told that did not end before the pool was closed."""
    return JobError(f"Job {name} was stopped: the process pool is closed.")
