"""Carries jobs from the queue through an executor to their recorded end.

Each step is one transaction: claiming a job and saying that it started; keeping its result, saying that it succeeded
and whatever its kind makes of that. So a kill at any moment leaves a job that runs again or a finished story. A
worker's death is not the task's fault and is tried again after a wait, which is a row, once more with twice the memory
if it held too much; what a task raises is final.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from duetmind_adaptive.contracts import Bus, Claim, Clock, Executor, Store, Transaction
from duetmind_adaptive.errors import DuetMindError, MemoryExceededError, StoreError, WorkerDiedError
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.job_records import JobRecords
from duetmind_adaptive.jobs.kinds import JobKind
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.logger import get_logger

#: attempts that a dead worker may end before the job fails
MAX_LOST = 3
#: attempts that may end by holding too much memory; the second one may hold so much more
MAX_GREEDY, MORE_MEMORY = 2, 2.0
#: real seconds until a store that failed is tried again
STORE_RETRY_SECONDS = 1.0
#: real seconds that jobs may still take when the service stops; training takes longer, and runs again at the next start
STOP_GRACE = 5.0

log = get_logger(__name__)


class JobRunner:
    """Runs queued jobs: at most `limit` at a time, one per model.

    In the daemon `start` works jobs off as they become due, `wake` says that there may be a new one. In simulated
    time nothing runs by itself: `settle` runs what is due now to its end, `next_due` says where time has to move.

    Parameters
    ----------
    executor
        Runs the tasks, each in a process of its own.
    kinds
        What to do for each kind of job; jobs of other kinds stay queued.
    owner
        Names this process in claimed rows. Never used twice, because jobs of other owners are put back at start.
    limit, most
        Jobs at a time, and what `resize` may make of it; None: anything.
    memory_gb
        What a job may hold on its first attempt; None leaves it to the system.
    cpu_cores, gpu_count
        What a job is granted while it runs.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        clock: Clock,
        bus: Bus,
        kinds: Mapping[str, JobKind],
        *,
        owner: str,
        limit: int = 1,
        most: int | None = None,
        memory_gb: float | None = None,
        cpu_cores: float = 1.0,
        gpu_count: int = 0,
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._kinds = kinds
        self._records = JobRecords(bus, clock, kinds, owner)
        self._owner = owner
        self._limit = limit
        self.most = most
        self._memory = memory_gb
        self._cores = cpu_cores
        self._gpus = gpu_count
        self._wake = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.Task[None] | None = None
        #: by job id
        self._running: dict[str, asyncio.Task[None]] = {}
        #: the kind of each job that runs, by its id; and the kinds that are held
        self._kind_of: dict[str, str] = {}
        self._held: frozenset[str] = frozenset()

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Put back what a dead process left running, then work until stopped; a second call does nothing."""
        if self._loop is None:
            await self.recover()
            self._loop = asyncio.create_task(self._work_off(), name="jobs")

    async def recover(self) -> None:
        """Put back what a dead process left running; right only while no other works on this store."""
        orphans = await self._store.write(lambda tx: queue.requeue_orphans(tx, owner=self._owner))
        if orphans:
            log.info("jobs.orphans_requeued", jobs=orphans)

    async def stop(self, grace: float = STOP_GRACE) -> None:
        """Claim nothing more; what is not done within `grace` seconds is ended and put back into the queue."""
        self._stopping = True
        self._wake.set()
        if self._loop is not None:
            await asyncio.wait({self._loop})
        if self._running:
            await asyncio.wait(self._running.values(), timeout=grace)
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def wake(self) -> None:
        """Say that there may be a job to claim."""
        self._wake.set()

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the jobs that this process is carrying."""
        return tuple(self._running)

    @property
    def limit(self) -> int:
        """Jobs at a time."""
        return self._limit

    def resize(self, limit: int) -> None:
        """Run so many at a time; what runs already goes on."""
        self._limit = limit
        self._wake.set()

    @property
    def _open_kinds(self) -> frozenset[str]:
        return frozenset(self._kinds) - self._held

    async def hold(self, kinds: Collection[str]) -> None:
        """Claim no job of these kinds until they are let go; those that run are dead and back in the queue."""
        self._held = frozenset(kinds)
        await asyncio.sleep(0)  # a task that has not begun would never give its job back
        stopped = [task for job, task in self._running.items() if self._kind_of[job] in self._held]
        for task in stopped:
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)
        self.wake()

    async def settle(self) -> bool:
        """Run everything that is due now, and what that makes due, to its end; False if there was nothing."""
        worked = False
        while jobs := await self._claim():
            worked = True
            await asyncio.gather(*map(self._carry, jobs))
        return worked

    async def next_due(self) -> datetime | None:
        """When the next job may be claimed; None while there is none that a running one does not hold up."""
        return await self._store.read(lambda conn: queue.next_due(conn, kinds=self._open_kinds))

    async def cancel(self, id: str) -> bool:
        """End an open job, with its process; False if there is no such job."""
        cancelled = await self._store.write(lambda tx: self._records.cancel(tx, id))
        if cancelled and (task := self._running.get(id)):
            task.cancel()
            await asyncio.wait({task})
        return cancelled

    # ------------------------------------------------------------ the loop

    async def _work_off(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                if not await self._begin_due():
                    await self._rest()
            except Exception as error:  # supervision: no failed pass may end all that follow
                log.exception("jobs.pass_failed", reason=str(error))
                await asyncio.sleep(STORE_RETRY_SECONDS)

    async def _begin_due(self) -> bool:
        jobs = await self._claim()
        for job in jobs:
            task = asyncio.create_task(self._carry(job), name=f"job:{job.id}")
            self._running[job.id], self._kind_of[job.id] = task, job.kind
            task.add_done_callback(partial(self._ended, job.id))
        return bool(jobs)

    def _ended(self, id: str, _: asyncio.Task[None]) -> None:
        del self._running[id], self._kind_of[id]
        self._wake.set()

    async def _rest(self) -> None:
        """Return when woken, or when a waiting job becomes due and there is a place for it."""
        waits: set[asyncio.Future[Any]] = {asyncio.ensure_future(self._wake.wait())}
        due = await self.next_due() if len(self._running) < self._limit else None
        if due is not None:
            waits.add(asyncio.ensure_future(self._clock.sleep_until(due)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    # ------------------------------------------------------------ one job

    async def _claim(self) -> tuple[Job, ...]:
        free = self._limit - len(self._running)
        if free <= 0 or self._stopping:
            return ()
        failpoint("jobs.claim_begin")
        jobs = await self._store.write(lambda tx: self._records.claim(tx, free, self._open_kinds))
        failpoint("jobs.claim_committed")
        return jobs

    async def _carry(self, job: Job) -> None:
        """Run one claimed job to a recorded end; only a stop leaves it open."""
        kind = self._kinds[job.kind]
        facts = log.bind(job=job.id, kind=job.kind, model=job.model, attempt=job.attempt)
        if job.kind in self._held:  # it was claimed in the moment of the hold
            await self._store.write(lambda tx: queue.give_back(tx, job))
            return
        facts.info("jobs.started")
        try:
            await self._attempt(kind, job)
        except asyncio.CancelledError:
            await asyncio.shield(self._store.write(lambda tx: queue.give_back(tx, job)))
            raise
        except (WorkerDiedError, MemoryExceededError, StoreError) as error:
            reason, most = str(error), MAX_GREEDY if isinstance(error, MemoryExceededError) else MAX_LOST
            facts.warning("jobs.attempt_lost", reason=reason)
            await self._keep(lambda tx: self._records.loss(tx, job, reason, most))
        except Exception as error:  # noqa: BLE001 - supervision: what a task or its kind raises ends that job only
            reason = str(error) or type(error).__name__
            facts.error("jobs.failed", reason=reason, exc_info=None if isinstance(error, DuetMindError) else error)
            await self._keep(lambda tx: self._records.failure(tx, job, reason))

    async def _attempt(self, kind: JobKind, job: Job) -> None:
        order = await kind.prepare(job)
        needs = order.needs
        memory = needs.memory_gb if needs else self._memory
        result = await self._executor.run(
            order.task,
            *order.args,
            timeout=order.limit,
            fresh=True,
            label=f"{job.kind} {job.model}",
            memory_gb=None if memory is None else memory * (MORE_MEMORY if job.lost else 1),
            claim=Claim(
                cpu_cores=needs.cpu_cores if needs else self._cores,
                gpu_count=needs.gpu_count if needs else self._gpus,
                priority=order.priority,
                account=job.model,
                job=job.id,
            ),
        )
        failpoint("jobs.complete_begin")
        if await self._keep(lambda tx: self._records.success(tx, job, result)):
            failpoint("jobs.complete_committed")
            log.info("jobs.succeeded", job=job.id, kind=job.kind, model=job.model)
            await self._follow_up(kind, job)

    async def _follow_up(self, kind: JobKind, job: Job) -> None:
        try:
            await kind.after_commit(job)
        except Exception as error:  # supervision: the job did succeed, and start-up follows up again
            log.exception("jobs.follow_up_failed", job=job.id, kind=job.kind, reason=str(error))

    async def _keep(self, change: Callable[[Transaction], bool]) -> bool:
        """Write what became of a job, however long the store fails: an hour of training is not lost to a full disk."""
        while True:
            try:
                return await self._store.write(change)
            except StoreError as error:
                if self._stopping:
                    raise
                log.warning("jobs.store_failed", reason=str(error))
                await asyncio.sleep(STORE_RETRY_SECONDS)
