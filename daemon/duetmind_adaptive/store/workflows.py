"""Runs of workflows and their tasks: each function is part of a transaction that its caller owns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, RowMapping, func, select, update
from sqlalchemy import insert as plain_insert

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import stamp, workflow_runs, workflow_tasks
from duetmind_adaptive.store.upsert import insert

RunState = Literal["running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """Where one task of one run stands."""

    run: str
    task: str
    state: str
    attempt: int
    job: str | None
    started: str | None
    finished: str | None
    error: str | None
    result: dict[str, Any] | None


def begin(
    tx: Transaction, *, run: str, workflow: str, cause: str, definition: str, tasks: Iterable[str], now: datetime
) -> bool:
    """Record a run that begins; False if there is one of this id, or one of this workflow has not ended."""
    row = {
        "id": run,
        "workflow": workflow,
        "state": "running",
        "cause": cause,
        "created": stamp(now),
        "definition": definition,
    }
    if not tx.connection.execute(insert(tx.connection, workflow_runs).values(row).on_conflict_do_nothing()).rowcount:
        return False
    rows = [{"run": run, "task": task, "position": place, "state": "waiting"} for place, task in enumerate(tasks)]
    tx.connection.execute(plain_insert(workflow_tasks), rows)
    return True


def get(conn: Connection, run: str) -> Row[Any] | None:
    """One run by its id."""
    return conn.execute(select(workflow_runs).where(workflow_runs.c.id == run)).first()


def open_run(conn: Connection, workflow: str) -> str | None:
    """The id of the workflow's run that has not ended."""
    query = select(workflow_runs.c.id).where(workflow_runs.c.workflow == workflow, workflow_runs.c.state == "running")
    return conn.execute(query).scalar()


def tasks(conn: Connection, run: str) -> dict[str, TaskRow]:
    """The run's tasks by name, in the order they were written."""
    columns = [each for each in workflow_tasks.c if each.name != "position"]
    query = select(*columns).where(workflow_tasks.c.run == run).order_by(workflow_tasks.c.position)
    return {row["task"]: _task(row) for row in conn.execute(query).mappings()}


def task_of_job(conn: Connection, job: str) -> TaskRow | None:
    """The task that a job is an attempt of; None once another job has taken its place."""
    columns = [each for each in workflow_tasks.c if each.name != "position"]
    row = conn.execute(select(*columns).where(workflow_tasks.c.job == job)).mappings().first()
    return None if row is None else _task(row)


def change_task(tx: Transaction, run: str, task: str, **values: object) -> None:
    """Write what changed of a task."""
    here = (workflow_tasks.c.run == run) & (workflow_tasks.c.task == task)
    tx.connection.execute(update(workflow_tasks).where(here).values(**values))


def end(tx: Transaction, run: str, state: RunState, now: datetime) -> bool:
    """End a run; False if it had ended before."""
    here = (workflow_runs.c.id == run) & (workflow_runs.c.state == "running")
    change = update(workflow_runs).where(here).values(state=state, finished=stamp(now))
    return bool(tx.connection.execute(change).rowcount)


def page(conn: Connection, *, limit: int, before: str | None, workflow: str | None) -> Sequence[Row[Any]]:
    """Runs, newest first; `before` is the `created` stamp and id of the last one seen, joined by a space."""
    query = select(workflow_runs).order_by(workflow_runs.c.created.desc(), workflow_runs.c.id.desc()).limit(limit)
    if workflow is not None:
        query = query.where(workflow_runs.c.workflow == workflow)
    if before is not None:
        created, _, last = before.partition(" ")
        same = (workflow_runs.c.created == created) & (workflow_runs.c.id < last)
        query = query.where((workflow_runs.c.created < created) | same)
    return conn.execute(query).all()


def counts(conn: Connection, runs: Iterable[str]) -> dict[str, dict[str, int]]:
    """By run, how many of its tasks are in each state."""
    query = (
        select(workflow_tasks.c.run, workflow_tasks.c.state, func.count())
        .where(workflow_tasks.c.run.in_(tuple(runs)))
        .group_by(workflow_tasks.c.run, workflow_tasks.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for run, state, count in conn.execute(query):
        found.setdefault(run, {})[state] = count
    return found


def newest(conn: Connection, workflow: str, limit: int) -> tuple[str, ...]:
    """The ids of a workflow's newest runs, and of the one that has not ended."""
    query = select(workflow_runs.c.id).where(workflow_runs.c.workflow == workflow)
    ids = conn.execute(query.order_by(workflow_runs.c.created.desc()).limit(limit)).scalars()
    return tuple(filter(None, {*ids, open_run(conn, workflow)}))


def _task(row: RowMapping) -> TaskRow:
    values: dict[str, Any] = dict(row)
    values["result"] = None if values["result"] is None else json.loads(values["result"])
    return TaskRow(**values)
