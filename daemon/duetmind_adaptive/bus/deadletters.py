"""Dead letters: what no try could deliver, why, and how to try again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, literal_column, select, update

from duetmind_adaptive.store.tables import deliveries, delivery_errors, events

_c = deliveries.c
_OPEN = literal_column("deliveries.state IN ('pending', 'leased')")
_DEAD = literal_column("deliveries.state = 'dead'")


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed try."""

    attempt: int
    at: str
    error: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up."""

    delivery: int
    seq: int
    event: str
    handler: str
    finished: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is open and how much was given up."""

    pending: int
    dead: int


def counts(conn: Connection) -> Counts:
    """Count open and dead deliveries, from the indexes alone."""
    pending, dead = (
        conn.execute(select(func.count()).select_from(deliveries).where(state)).scalar_one() for state in (_OPEN, _DEAD)
    )
    return Counts(pending, dead)


def dead_letters(conn: Connection, *, before_seq: int | None = None, limit: int = 100) -> list[DeadLetter]:
    """What was given up, newest event first."""
    query = (
        select(_c.id, _c.event_seq, events.c.id, _c.handler, _c.finished, _c.outcome)
        .join(events, events.c.seq == _c.event_seq)
        .where(_DEAD)
        .order_by(_c.event_seq.desc(), _c.id)
        .limit(limit)
    )
    if before_seq is not None:
        query = query.where(_c.event_seq < before_seq)
    return [DeadLetter(*row) for row in conn.execute(query)]


def failures(conn: Connection, delivery: int) -> list[Failure]:
    """The error history of a delivery, oldest first."""
    e = delivery_errors.c
    query = select(e.attempt, e.at, e.error).where(e.delivery == delivery).order_by(e.at, e.attempt)
    return [Failure(*row) for row in conn.execute(query)]


def revive(
    conn: Connection,
    *,
    now: str,
    ids: Sequence[int] | None = None,
    first_seq: int | None = None,
    last_seq: int | None = None,
    handler: str | None = None,
) -> list[str]:
    """Open dead deliveries again with all their tries, those of `ids` or of events in `[first_seq, last_seq]`.

    Returns
    -------
    list of str
        The handler of each delivery opened again.
    """
    where: list[ColumnElement[bool]] = [_DEAD]
    if ids is not None:
        where.append(_c.id.in_(ids))
    if first_seq is not None:
        where.append(_c.event_seq >= first_seq)
    if last_seq is not None:
        where.append(_c.event_seq <= last_seq)
    if handler is not None:
        where.append(_c.handler == handler)
    values = {"state": "pending", "attempts": 0, "not_before": now, "finished": None, "outcome": None}
    statement = update(deliveries).where(*where).values(token=_c.token + 1, **values).returning(_c.handler)
    return list(conn.execute(statement).scalars())
