"""The orchestrator: takes tasks, runs them in worker processes as their dependencies and the machine allow."""

from __future__ import annotations

import asyncio
import shutil
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any

from duetmind_adaptive.contracts import Executor
from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.ray_executor import RayExecutor
from duetmind_adaptive.jobs.resources import Capacity
from duetmind_adaptive.jobs.scratch import scratch_folder
from duetmind_adaptive.settings.ray import RAY_MISSING, ray_installed
from duetmind_adaptive.training.orchestration.builder import WorkflowBuilder
from duetmind_adaptive.training.orchestration.handover import Handover
from duetmind_adaptive.training.orchestration.kept import KeptResults
from duetmind_adaptive.training.orchestration.live import live_tree
from duetmind_adaptive.training.orchestration.progress import Listener, Progress
from duetmind_adaptive.training.orchestration.results import WorkflowResults
from duetmind_adaptive.training.orchestration.run import Run
from duetmind_adaptive.training.orchestration.task import Task

#: worker processes at a time, at most, however little each task asks for
MOST_WORKERS = 64
#: where, in the folder of kept results, their large arrays lie; and how the folder of a run that keeps none is called
ARRAYS, SCRATCH = "arrays", "duetmind-run-"


class WorkflowOrchestrator(WorkflowBuilder):
    """Runs the workflow that it was told, on this machine or a Ray cluster.

    Parameters
    ----------
    capacity
        What tasks may hold together; default: what the control group and the machine allow.
    max_concurrent_tasks
        Tasks at a time, at most.
    progress
        Called at each change of a task; without it a tree is drawn where standard error is a terminal.
    seed
        Of the jitter between attempts.
    folder
        Where results are kept: a run that was killed goes on where it stood, and tasks whose function, arguments or
        predecessors have changed run again. One run at a time.
    address
        Of a Ray cluster, as `10.0.0.5:6379`, or `local` for one of its own: tasks run there, and `capacity` is, unless
        given, what its nodes have. Default: this machine, without Ray.

    Examples
    --------
    >>> from duetmind_adaptive.training.orchestration import Output
    >>> orchestrator = create_orchestrator()
    >>> load = orchestrator.add_task(task_id="load", function=range, args=(5,))
    >>> _ = orchestrator.add_task(task_id="total", function=sum, args=(Output(load),))
    >>> orchestrator.run_workflow()["total"]
    10
    """

    def __init__(
        self,
        *,
        capacity: Capacity | None = None,
        max_concurrent_tasks: int | None = None,
        progress: Listener | None = None,
        seed: int | None = None,
        folder: str | PathLike[str] | None = None,
        address: str | None = None,
    ) -> None:
        super().__init__()
        if max_concurrent_tasks is not None and max_concurrent_tasks < 1:
            raise WorkflowError(f"max_concurrent_tasks is {max_concurrent_tasks}; give 1 or more.")
        self._capacity = capacity
        self._address = address
        self._workers = min(max_concurrent_tasks or MOST_WORKERS, MOST_WORKERS)
        self._progress = progress
        self._random = Random(seed)  # noqa: S311 - jitter, not secrets
        self._folder = Path(folder) if folder is not None else None
        self._stop: Callable[[], object] | None = None

    def run_workflow(self) -> WorkflowResults:
        """Run every task and wait; a task that fails stops only what depends on it.

        Works under a running event loop too (Jupyter has one): the run has a loop of its own.

        Raises
        ------
        WorkflowError
            When a dependency is missing, or tasks wait for each other in a circle.
        """
        tasks = self.build()
        with live_tree(tasks, self._progress) as listener:
            return _run_anywhere(lambda: self._run(tasks, listener))

    async def run_workflow_async(self) -> WorkflowResults:
        """The same, awaited in the caller's event loop."""
        return await self._run(self.build(), self._progress or _nobody)

    async def stream(self) -> AsyncGenerator[Progress | WorkflowResults]:
        """Run, and yield each change of a task as it happens; the results come last."""
        news = asyncio.Queue[Progress]()
        run = asyncio.ensure_future(self._run(self.build(), news.put_nowait))
        run.add_done_callback(lambda _: news.put_nowait(_LAST))
        try:
            while (progress := await news.get()) is not _LAST:
                yield progress
            yield await run
        finally:
            run.cancel()
            with suppress(asyncio.CancelledError):
                await run

    def cancel(self) -> None:
        """End the run under way, with all its processes; from any thread."""
        if self._stop is not None:
            self._stop()

    async def _run(self, tasks: tuple[Task, ...], listener: Listener) -> WorkflowResults:
        loop, cancelled = asyncio.get_running_loop(), asyncio.Event()
        kept = await asyncio.to_thread(KeptResults, self._folder) if self._folder else None
        self._stop = lambda: loop.call_soon_threadsafe(cancelled.set)
        try:
            async with self._executor() as (pool, capacity):
                there = self._address is not None
                run = Run(tasks, capacity, pool, self._random, listener, cancelled, kept, there, self._handover())
                return await run.go()
        finally:
            self._stop = None
            if kept:
                kept.close()

    def _handover(self) -> Handover:
        """Where large arrays lie: with the results that are kept, else for as long as somebody holds the results."""
        if self._address is not None:
            return Handover()  # other machines do not see this one's disk
        if self._folder is not None:
            return Handover(self._folder / ARRAYS, durable=True)
        folder = scratch_folder(SCRATCH)
        handover = Handover(folder)
        weakref.finalize(handover, shutil.rmtree, folder, ignore_errors=True)
        return handover

    @asynccontextmanager
    async def _executor(self) -> AsyncGenerator[tuple[Executor, Capacity]]:
        """What runs the tasks, and how much they may hold together."""
        if self._address is None:
            capacity = self._capacity or Capacity.of_machine()
            places = replace(capacity, cpu_cores=self._workers)  # the run's own ledger shares out the cores
            async with ProcessPool(capacity=places) as pool:
                yield pool, capacity
        else:
            async with RayExecutor(self._address, most=self._workers) as cluster:
                yield cluster, self._capacity or await cluster.capacity()


def create_orchestrator(use_ray: bool = False, *, address: str | None = None, **options: Any) -> WorkflowOrchestrator:
    """An orchestrator of this machine's processes or of a Ray cluster's; `options` as of `WorkflowOrchestrator`.

    Parameters
    ----------
    use_ray
        Run tasks on Ray; without an address on a cluster that is started here and ends with the run.
    address
        Of the cluster's head, as `10.0.0.5:6379`; says by itself that Ray is wanted.

    Raises
    ------
    ImportError
        When Ray is asked for and not installed.
    """
    if not use_ray and address is None:
        return WorkflowOrchestrator(**options)
    if not ray_installed():
        raise ImportError(RAY_MISSING)
    return WorkflowOrchestrator(address=address or "local", **options)


#: ends a stream
_LAST = Progress(task_id="", state="succeeded", attempt=0, done=0, total=0)


def _nobody(_: Progress) -> None:
    """Tell nobody."""


def _run_anywhere(run: Callable[[], Any]) -> Any:
    """Run a coroutine to its end in a loop of its own: here, or in a thread where this one has a loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(run())
    outcome: dict[str, Any] = {}

    def work() -> None:
        try:
            outcome["value"] = asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            outcome["error"] = error

    thread = threading.Thread(target=work, name="workflow")
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
