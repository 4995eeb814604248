"""The durable job queue: SQL on the `jobs` table, each function part of a transaction that its caller owns.

A job's id is the id of the event that asked for it, so a redelivered request makes no second job. Owner and attempt
are the fencing token: whoever lost a job to a restart or a cancel can no longer change its row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, case, func, select, update

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import jobs, stamp, unstamp
from duetmind_adaptive.store.upsert import insert

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]

OPEN: tuple[JobState, ...] = ("queued", "running")
#: kinds of which a model, or a workflow, may have several running
SIDE_BY_SIDE = ("workflow",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One row of the queue."""

    #: the id of the event that asked for it
    id: str
    kind: str
    model: str
    state: JobState
    #: counts from 1 once it was claimed
    attempt: int
    #: attempts that a dead worker ended
    lost: int
    owner: str | None
    #: not claimed before this moment
    not_before: datetime
    created: datetime
    started: datetime | None
    finished: datetime | None
    payload: dict[str, Any]
    result: dict[str, Any] | None
    #: why the last attempt ended badly, one sentence
    error: str | None

    @property
    def cursor(self) -> str:
        """Where `page` goes on after this job."""
        return f"{stamp(self.created)} {self.id}"


def enqueue(
    tx: Transaction,
    *,
    id: str,
    kind: str,
    model: str,
    payload: Mapping[str, Any],
    now: datetime,
    not_before: datetime | None = None,
) -> bool:
    """Queue a job that may be claimed from `not_before` on; False if one with this id exists, whatever became of it."""
    moment = stamp(now)
    row = {
        "id": id,
        "kind": kind,
        "model": model,
        "state": "queued",
        "not_before": stamp(not_before or now),
        "created": moment,
        "payload": json.dumps(payload),
    }
    return bool(tx.connection.execute(insert(tx.connection, jobs).values(row).on_conflict_do_nothing()).rowcount)


def claim(tx: Transaction, *, owner: str, now: datetime, limit: int, kinds: Collection[str]) -> tuple[Job, ...]:
    """Take up to `limit` due jobs, oldest first; of a model one at a time, but those of `SIDE_BY_SIDE`."""
    eligible = _eligible(kinds) & (jobs.c.not_before <= stamp(now))
    line = case((jobs.c.kind.in_(SIDE_BY_SIDE), jobs.c.id), else_=jobs.c.model)
    turn = func.row_number().over(partition_by=line, order_by=(jobs.c.created, jobs.c.id)).label("turn")
    first = select(jobs.c.id, jobs.c.created, turn).where(eligible).subquery()
    query = select(first.c.id).where(first.c.turn == 1).order_by(first.c.created, first.c.id).limit(limit)
    chosen = tx.connection.execute(query).scalars().all()
    change = {"state": "running", "owner": owner, "attempt": jobs.c.attempt + 1, "started": stamp(now)}
    tx.connection.execute(update(jobs).where(jobs.c.id.in_(chosen), jobs.c.state == "queued").values(change))
    claimed = select(jobs).where(jobs.c.id.in_(chosen)).order_by(jobs.c.created, jobs.c.id)
    return tuple(_job(row) for row in tx.connection.execute(claimed).mappings())


def finish(
    tx: Transaction,
    job: Job,
    *,
    state: Literal["succeeded", "failed"],
    now: datetime,
    result: Mapping[str, Any] | None = None,
    error: str | None = None,
) -> bool:
    """End a claimed job for good; False if it is no longer ours, and then nothing may follow from it."""
    return _change(
        tx, job, state=state, finished=stamp(now), result=None if result is None else json.dumps(result), error=error
    )


def retry_later(tx: Transaction, job: Job, *, not_before: datetime, error: str) -> bool:
    """Put a job back whose worker died; False if it is no longer ours."""
    return _change(tx, job, state="queued", not_before=stamp(not_before), lost=jobs.c.lost + 1, error=error)


def give_back(tx: Transaction, job: Job) -> bool:
    """Put a job back that this process will not finish; False if it is no longer ours."""
    return _change(tx, job, state="queued")


def requeue_orphans(tx: Transaction, *, owner: str) -> int:
    """Put back what any other owner left running; right at start, when the state lock says that they are dead."""
    orphaned = (jobs.c.state == "running") & (jobs.c.owner != owner)
    return tx.connection.execute(update(jobs).where(orphaned).values(state="queued", owner=None)).rowcount


def cancel(tx: Transaction, id: str, *, now: datetime) -> Job | None:
    """End an open job because a person says so; returns it as it was, None if it was over or never there."""
    job = get(tx.connection, id)
    if job is None or job.state not in OPEN:
        return None
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(state="cancelled", finished=stamp(now)))
    return job


def next_due(conn: Connection, *, kinds: Collection[str]) -> datetime | None:
    """When the first queued job that no running one holds up may be claimed."""
    moment = conn.execute(select(func.min(jobs.c.not_before)).where(_eligible(kinds))).scalar()
    return None if moment is None else unstamp(moment)


def get(conn: Connection, id: str) -> Job | None:
    """One job by its id."""
    row = conn.execute(select(jobs).where(jobs.c.id == id)).mappings().first()
    return None if row is None else _job(row)


def has_open(conn: Connection, *, model: str, kind: str) -> bool:
    """Whether a job of this kind is queued or running for the model."""
    query = select(jobs.c.id).where(jobs.c.model == model, jobs.c.kind == kind, jobs.c.state.in_(OPEN))
    return conn.execute(query.limit(1)).first() is not None


def count_ended(conn: Connection, *, model: str, kind: str) -> int:
    """How many jobs of this kind came to an end for the model, good or bad."""
    query = select(func.count()).where(jobs.c.model == model, jobs.c.kind == kind, jobs.c.state.not_in(OPEN))
    return conn.execute(query).scalar_one()


def counts(conn: Connection) -> dict[str, int]:
    """How many jobs are `queued` and how many `running`."""
    query = select(jobs.c.state, func.count()).where(jobs.c.state.in_(OPEN)).group_by(jobs.c.state)
    found: dict[str, int] = {row[0]: row[1] for row in conn.execute(query)}
    return {state: found.get(state, 0) for state in OPEN}


def page(conn: Connection, *, limit: int, before: str | None = None, model: str | None = None) -> Sequence[Job]:
    """Jobs, newest first; `before` is the `cursor` of the last one seen."""
    query = select(jobs).order_by(jobs.c.created.desc(), jobs.c.id.desc()).limit(limit)
    if model is not None:
        query = query.where(jobs.c.model == model)
    if before is not None:
        created, _, last = before.partition(" ")
        query = query.where((jobs.c.created < created) | ((jobs.c.created == created) & (jobs.c.id < last)))
    return [_job(row) for row in conn.execute(query).mappings()]


def _eligible(kinds: Collection[str]) -> ColumnElement[bool]:
    running = select(jobs.c.model).where(jobs.c.state == "running", jobs.c.kind.not_in(SIDE_BY_SIDE))
    return (jobs.c.state == "queued") & jobs.c.kind.in_(tuple(kinds)) & jobs.c.model.not_in(running)


def _change(tx: Transaction, job: Job, **values: object) -> bool:
    ours = (jobs.c.id == job.id) & (jobs.c.owner == job.owner) & (jobs.c.attempt == job.attempt)
    statement = update(jobs).where(ours, jobs.c.state == "running").values(**values)
    return bool(tx.connection.execute(statement).rowcount)


def _job(row: RowMapping) -> Job:
    values: dict[str, Any] = dict(row)
    for name in ("not_before", "created", "started", "finished"):
        values[name] = None if values[name] is None else unstamp(values[name])
    for name in ("payload", "result"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return Job(**values)
