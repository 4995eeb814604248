"""How a run goes on: each function is part of the transaction that ends a task's job.

A task's attempt is one job, whose id follows from run, task and attempt. So whatever dies, the rows say what has
succeeded, and nothing that has is run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from random import Random
from typing import cast

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.settings.workflows import WorkflowSettings
from duetmind_adaptive.store import workflows as rows
from duetmind_adaptive.store.tables import stamp
from duetmind_adaptive.store.workflows import RunState, TaskRow
from duetmind_adaptive.tasks.requests import StepResult
from duetmind_adaptive.training.orchestration.course import ENDED, Course, State
from duetmind_adaptive.training.orchestration.progress import PREFIX, Progress
from duetmind_adaptive.training.orchestration.retries import wait_before

#: the kind of the job that carries one attempt of a task
WORKFLOW_JOB = "workflow"

CANCELLED = "the run was cancelled"


@dataclass(frozen=True, slots=True)
class _Step:
    task_id: str
    needs: tuple[str, ...]


def begin(tx: Transaction, *, run: str, name: str, workflow: WorkflowSettings, cause: str, now: datetime) -> bool:
    """Begin a run; False if it has begun already, or another of this workflow has not ended."""
    definition = workflow.model_dump_json(exclude_unset=True)
    if not rows.begin(tx, run=run, workflow=name, cause=cause, definition=definition, tasks=workflow.tasks, now=now):
        return False
    for task in _course(workflow, {}).ready():
        _queue(tx, run, name, task, now)
    return True


def succeed(tx: Transaction, job: Job, result: StepResult, now: datetime) -> None:
    """Keep what a task returned and queue what may start by that."""
    task = rows.task_of_job(tx.connection, job.id)
    if task is None:
        return
    name, workflow = definition(tx, task.run)
    course = _course(workflow, rows.tasks(tx.connection, task.run))
    kept = json.dumps(asdict(result))
    rows.change_task(tx, task.run, task.task, state="succeeded", finished=stamp(now), result=kept, error=None)
    for each in course.succeed(task.task):
        _queue(tx, task.run, name, each, now)
    _end_if_over(tx, task.run, course, now)


def fail(tx: Transaction, job: Job, reason: str, now: datetime) -> None:
    """Try a task again, or give it and everything after it up."""
    task = rows.task_of_job(tx.connection, job.id)
    if task is None or task.state not in {"ready", "running"}:
        return
    name, workflow = definition(tx, task.run)
    cancelled = (found := queue.get(tx.connection, job.id)) is not None and found.state == "cancelled"
    if not cancelled and task.attempt <= workflow.tasks[task.task].retries:
        wait = wait_before(task.attempt + 1, Random(job.id))  # noqa: S311 - jitter, the same for the same attempt
        rows.change_task(tx, task.run, task.task, error=reason)
        _queue(tx, task.run, name, task.task, now, attempt=task.attempt + 1, wait=wait)
        return
    course = _course(workflow, rows.tasks(tx.connection, task.run))
    rows.change_task(tx, task.run, task.task, state="failed", finished=stamp(now), error=reason)
    for each in course.fail(task.task):
        error = f"task {task.task}, which it needs, failed"
        rows.change_task(tx, task.run, each, state="upstream_failed", finished=stamp(now), error=error)
    _end_if_over(tx, task.run, course, now)


def cancel(tx: Transaction, run: str, now: datetime) -> tuple[str, ...] | None:
    """End a run; the ids of the jobs that are to be cancelled, None when it had ended before."""
    if not rows.end(tx, run, "cancelled", now):
        return None
    stood = rows.tasks(tx.connection, run)
    _, workflow = definition(tx, run)
    for task in _course(workflow, stood).cancel():
        rows.change_task(tx, run, task, state="cancelled", finished=stamp(now), error=CANCELLED)
    return tuple(row.job for row in stood.values() if row.job and row.state in {"ready", "running"})


def progress(tx: Transaction, job: Job) -> tuple[str, str, Progress] | None:
    """Workflow, run and how far it has come with the task of this job; None of a job that is no attempt any more."""
    task = rows.task_of_job(tx.connection, job.id)
    row = rows.get(tx.connection, task.run) if task else None
    if task is None or row is None:
        return None
    stood = rows.tasks(tx.connection, task.run)
    done = sum(each.state in ENDED for each in stood.values())
    state, total = cast("State", task.state), len(stood)
    said = Progress(
        task_id=task.task, state=state, attempt=task.attempt, done=done, total=total, message=task.error or ""
    )
    return row.workflow, task.run, said


def definition(tx: Transaction, run: str) -> tuple[str, WorkflowSettings]:
    """Name and tasks of a run's workflow, as they were when it began."""
    row = rows.get(tx.connection, run)
    if row is None:
        raise LookupError(run)
    return row.workflow, WorkflowSettings.model_validate_json(row.definition)


def _course(workflow: WorkflowSettings, stood: dict[str, TaskRow]) -> Course:
    steps: Iterable[_Step] = (_Step(name, task.needs) for name, task in workflow.tasks.items())
    return Course(steps, {name: cast("State", row.state) for name, row in stood.items()})


def _queue(
    tx: Transaction, run: str, name: str, task: str, now: datetime, *, attempt: int = 1, wait: float = 0.0
) -> None:
    """Queue a task's job, `wait` seconds from now."""
    due, payload, job = now + timedelta(seconds=wait), {"run": run, "task": task}, derive_id(run, task, attempt)
    queue.enqueue(tx, id=job, kind=WORKFLOW_JOB, model=PREFIX + name, payload=payload, now=now, not_before=due)
    rows.change_task(tx, run, task, state="ready", job=job, attempt=attempt)


def _end_if_over(tx: Transaction, run: str, course: Course, now: datetime) -> None:
    if course.ended:
        state: RunState = "succeeded" if set(course.states.values()) == {"succeeded"} else "failed"
        rows.end(tx, run, state, now)
