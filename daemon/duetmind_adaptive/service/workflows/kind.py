"""The job that carries one attempt of a workflow's task: what a worker is asked for, and what becomes of its answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from duetmind_adaptive.contracts import Bus, Clock, Store, Transaction
from duetmind_adaptive.jobs.kinds import Order
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.jobs.resources import ResourceRequirement
from duetmind_adaptive.service.workflows import course
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.workflows import WorkflowSettings
from duetmind_adaptive.store import workflows as rows
from duetmind_adaptive.store.tables import stamp
from duetmind_adaptive.tasks.requests import RUN_STEP, StepRequest, StepResult, run_task


class WorkflowKind:
    """Implements `jobs.runner.JobKind` for jobs of kind `workflow`."""

    def __init__(self, store: Store, bus: Bus, machine_clock: Clock, loaded: Callable[[], Loaded]) -> None:
        self._store = store
        self._bus = bus
        self._clock = machine_clock
        self._loaded = loaded

    async def prepare(self, job: Job) -> Order:
        """Ask for the task, with the files of the results that it takes and what it holds while it runs."""
        loaded = self._loaded()
        request = await self._store.read(lambda conn: _request(conn, job, loaded))
        return Order(
            task=run_task,
            args=(RUN_STEP, request),
            limit=request.task.timeout or loaded.config.orchestration.job_timeout,
            needs=ResourceRequirement(**request.task.resources.model_dump()),
            priority=request.task.priority,
        )

    def started(self, tx: Transaction, job: Job) -> None:
        """Record that the task runs."""
        if task := rows.task_of_job(tx.connection, job.id):
            now = stamp(self._clock.now())
            rows.change_task(tx, task.run, task.task, state="running", started=now)

    def complete(self, tx: Transaction, job: Job, result: StepResult) -> None:
        """Let the run go on."""
        course.succeed(tx, job, result, self._clock.now())
        self._tell(tx, job)

    def abandon(self, tx: Transaction, job: Job, reason: str) -> None:
        """Try again, or end what depends on it."""
        course.fail(tx, job, reason, self._clock.now())
        self._tell(tx, job)

    async def after_commit(self, job: Job) -> None:
        """Nothing outside the store follows from a task."""

    def _tell(self, tx: Transaction, job: Job) -> None:
        """Publish how far the run has come, in the transaction that brought it there."""
        if found := course.progress(tx, job):
            workflow, run, progress = found
            event = progress.event(workflow=workflow, run=run, time=self._clock.now())
            self._bus.publish_in(tx, event)


def _request(conn: Connection, job: Job, loaded: Loaded) -> StepRequest:
    run, name = job.payload["run"], job.payload["task"]
    row = rows.get(conn, run)
    if row is None:
        raise LookupError(run)
    task = WorkflowSettings.model_validate_json(row.definition).tasks[name]
    stood = rows.tasks(conn, run)
    results = {each: stood[each].result or {} for each in task.needs}
    return StepRequest(
        name=name,
        task=task,
        folder=loaded.path.parent,
        results=results_folder(loaded.state, row.workflow) / run,
        before={each: result["sha256"] for each, result in results.items()},
    )


def results_folder(state: Path, workflow: str) -> Path:
    """Where a workflow's runs keep what their tasks returned, a folder for each."""
    return state / "workflows" / workflow
