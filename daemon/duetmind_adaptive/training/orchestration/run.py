"""One run of a workflow: the shell around `Course` (what may start) and `Ledger` (what it may hold)."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from duetmind_adaptive.contracts import ORDINARY, Claim, Executor
from duetmind_adaptive.errors import DuetMindError, JobError, MemoryExceededError, ResourceError
from duetmind_adaptive.jobs.ledger import Ledger
from duetmind_adaptive.jobs.resources import Capacity, Grant, ResourceRequirement
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.training.orchestration.course import Course, State
from duetmind_adaptive.training.orchestration.handover import Handover
from duetmind_adaptive.training.orchestration.kept import KeptResults, fingerprint
from duetmind_adaptive.training.orchestration.order import pack, perform
from duetmind_adaptive.training.orchestration.progress import Listener, Progress
from duetmind_adaptive.training.orchestration.results import TaskOutcome, WorkflowResults
from duetmind_adaptive.training.orchestration.retries import wait_before
from duetmind_adaptive.training.orchestration.task import Task, outputs

#: what an attempt without a limit may run
UNLIMITED = timedelta(days=365)
#: said of a task whose result an earlier run left
KEPT = "taken up from an earlier run"
#: a task that needed more memory than it asked for is tried once more with so much more
MORE_MEMORY = 2.0

log = get_logger(__name__)


@dataclass(slots=True)
class _Doing:
    """How far one task has come."""

    task: Task
    needs: ResourceRequirement
    attempt: int = 0
    seconds: float = 0.0
    error: str = ""
    note: str = ""
    enlarged: bool = False
    packed: tuple[bytes, bytes] | None = None
    result: bytes | None = None


@dataclass(slots=True)
class _Ended:
    """An attempt that is over, its process with it."""

    task_id: str
    result: bytes | None = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Run:
    """A run in progress; made for one call of `go`."""

    tasks: Iterable[Task]
    capacity: Capacity
    pool: Executor
    random: Random
    listener: Listener
    cancelled: asyncio.Event
    kept: KeptResults | None = None
    #: tasks run on other machines than this
    elsewhere: bool = False
    #: where their large arrays lie
    handover: Handover = field(default_factory=Handover)
    _course: Course = field(init=False)
    _ledger: Ledger = field(init=False)
    _doing: dict[str, _Doing] = field(init=False)
    _news: asyncio.Queue[_Ended | str] = field(init=False)
    _attempts: dict[str, asyncio.Task[None]] = field(init=False, default_factory=dict[str, asyncio.Task[None]])

    def __post_init__(self) -> None:
        tasks = tuple(self.tasks)
        self._course, self._ledger, self._news = Course(tasks), Ledger(self.capacity), asyncio.Queue()
        self._doing = {task.task_id: _Doing(task, task.resources) for task in tasks}

    async def go(self) -> WorkflowResults:
        """Run everything that can be run; a cancel ends what runs, with all its processes."""
        for name in self._course.ready():
            self._queue(name)
        stop = asyncio.ensure_future(self.cancelled.wait())
        try:
            while not self._course.ended:
                self._start_granted()
                if not await self._hear(stop):
                    break
        finally:
            stop.cancel()
            await self._abandon()
        results = self._results()
        if self.kept and results.ok:
            await asyncio.to_thread(self.handover.sweep, [doing.result or b"" for doing in self._doing.values()])
        return results

    async def _hear(self, stop: asyncio.Future[Any]) -> bool:
        """Take in everything that has happened; False when the run is to end."""
        if self._news.empty() and not self._course.ended:
            news = asyncio.ensure_future(self._news.get())
            await asyncio.wait({news, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not news.done():
                news.cancel()
                return False
            self._take(news.result())
        while not self._news.empty():
            self._take(self._news.get_nowait())
        return not stop.done()

    def _take(self, news: _Ended | str) -> None:
        self._queue(news) if isinstance(news, str) else self._settle(news)

    # ------------------------------------------------------------ from ready to running

    def _queue(self, name: str) -> None:
        """Ask the ledger for what the task needs; what can never be had fails at once."""
        doing = self._doing[name]
        try:
            self._ledger.submit(name, doing.needs, priority=doing.task.priority)
        except ResourceError as error:
            self._fail(name, str(error))

    def _start_granted(self) -> None:
        for grant in self._ledger.grant():
            doing = self._doing[grant.id]
            doing.attempt, doing.note = doing.attempt + 1, grant.note
            self._course.start(grant.id)
            self._attempts[grant.id] = asyncio.create_task(self._attempt(doing, grant), name=f"task:{grant.id}")
            self._tell(grant.id, grant.note)

    async def _attempt(self, doing: _Doing, grant: Grant) -> None:
        began, name = time.perf_counter(), doing.task.task_id
        ended = _Ended(name)
        try:
            doing.packed = doing.packed or pack(doing.task, self.handover)
            ended.result = await self._result(doing, doing.packed, grant)
        except Exception as error:  # noqa: BLE001 - supervision: whatever a task raises is its outcome
            ended.error = error
        ended.seconds = time.perf_counter() - began
        self._news.put_nowait(ended)

    async def _result(self, doing: _Doing, packed: tuple[bytes, bytes], grant: Grant) -> bytes:
        """The task's result: the one that is kept of the same work, or what a worker answers."""
        name, work = doing.task.task_id, b""
        if self.kept:
            before = [self._doing[each].result or b"" for each in doing.task.needs]
            work = fingerprint(*packed, before)
            kept = await asyncio.to_thread(self.kept.load, name, work)
            if kept is not None and await asyncio.to_thread(self.handover.whole, kept):
                doing.note = KEPT
                return kept
        needed = {output.task_id for output in outputs((doing.task.args, doing.task.kwargs))}
        values = {each: self._doing[each].result for each in needed}
        # elsewhere the executor picks the GPUs, of the machine that it picks
        share = None if self.elsewhere else (max(1, math.ceil(grant.cpu_cores)), grant.gpus)
        claim = Claim(cpu_cores=grant.cpu_cores, gpu_count=len(grant.gpus)) if self.elsewhere else ORDINARY
        result = await self.pool.run(
            perform, *packed, values, share, self.handover,
            timeout=doing.task.limit or UNLIMITED, label=name, memory_gb=grant.memory_gb, claim=claim,
        )  # fmt: skip
        if self.kept:
            await asyncio.to_thread(self.kept.save, name, work, result)
        return result

    # ------------------------------------------------------------ from running to ended

    def _settle(self, ended: _Ended) -> None:
        name, doing = ended.task_id, self._doing[ended.task_id]
        self._ledger.release(name)
        del self._attempts[name]
        doing.seconds += ended.seconds
        if ended.error is None:
            doing.result, doing.error = ended.result, ""
            freed = self._course.succeed(name)
            self._tell(name)
            for each in freed:
                self._queue(each)
            return
        doing.error = _said(ended.error)
        if self._tries_again(doing, ended.error):
            wait = wait_before(doing.attempt + 1, self.random)
            self._course.states[name] = "ready"
            self._tell(name, f"{doing.error} It is tried again in {wait:.1f} s.")
            asyncio.get_running_loop().call_later(wait, self._news.put_nowait, name)
        else:
            self._fail(name, doing.error)

    def _tries_again(self, doing: _Doing, error: Exception) -> bool:
        """Whether one more attempt is due; after too little memory once, with more of it."""
        if isinstance(error, MemoryExceededError):
            more = min(doing.needs.memory_gb * MORE_MEMORY, self.capacity.memory_gb)
            again = not doing.enlarged and more > doing.needs.memory_gb
            doing.enlarged, doing.needs = True, replace(doing.needs, memory_gb=more)
            return again
        if isinstance(error, ResourceError):
            return False  # no attempt will find more
        return doing.packed is not None and doing.attempt <= doing.task.retries

    def _fail(self, name: str, error: str) -> None:
        self._doing[name].error = error
        lost = self._course.fail(name)
        log.warning("workflow.task_failed", task=name, reason=error)
        self._tell(name, error)
        for each in lost:
            self._doing[each].error = f"task {name}, which it needs, failed"
            self._tell(each, self._doing[each].error)

    async def _abandon(self) -> None:
        """End what still runs, and give up what has not ended."""
        for attempt in self._attempts.values():
            attempt.cancel()
        await asyncio.gather(*self._attempts.values(), return_exceptions=True)
        for name in self._course.cancel():
            self._tell(name, "the workflow was cancelled")

    # ------------------------------------------------------------ what people see

    def _tell(self, name: str, message: str = "") -> None:
        course = self._course
        self.listener(
            Progress(
                task_id=name,
                state=course.states[name],
                attempt=self._doing[name].attempt,
                done=course.done,
                total=len(course.states),
                message=message,
            )
        )

    def _results(self) -> WorkflowResults:
        packed = {name: doing.result for name, doing in self._doing.items() if doing.result is not None}
        outcomes = {name: self._outcome(name, state) for name, state in self._course.states.items()}
        return WorkflowResults(_Unpacked(packed, self.handover), outcomes)

    def _outcome(self, name: str, state: State) -> TaskOutcome:
        doing = self._doing[name]
        return TaskOutcome(
            task_id=name, state=state, attempts=doing.attempt, seconds=doing.seconds,
            error="" if state == "succeeded" else doing.error, note=doing.note,
        )  # fmt: skip


class _Unpacked(Mapping[str, Any]):
    """Results that are unpacked when somebody looks at them, once."""

    def __init__(self, packed: dict[str, bytes], handover: Handover) -> None:
        self._packed = packed
        self._handover = handover
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._handover.loads(self._packed[name])
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._packed

    def __iter__(self) -> Any:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _said(error: Exception) -> str:
    """One line; an error of ours is a sentence already."""
    text = " ".join(str(error).split())
    if isinstance(error, DuetMindError | JobError):
        return text
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__
