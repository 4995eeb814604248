"""The log of events: appended to by publishing, read forward by followers and backward by pages.

An event's `seq` is the order of commits and its place in the log; its `id` exists once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, func, select

from duetmind_adaptive.events import Event, parse_event
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.store.tables import deliveries, events, stamp
from duetmind_adaptive.store.upsert import insert


@dataclass(frozen=True)
class Logged:
    """An event in the log; `body` is its envelope as published."""

    seq: int
    body: str

    @cached_property
    def event(self) -> Event:
        """The event itself."""
        return parse_event(self.body)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event ready to be inserted, and the names of the handlers that want it."""

    row: dict[str, str]
    handlers: tuple[str, ...]


def prepare(event: Event, handlers: Iterable[str]) -> Prepared:
    """Everything about publishing that needs no database, so that the writer's thread need not do it."""
    row = {
        "id": event.id,
        "type": event.type,
        "model": event.data.model,
        "time": stamp(event.time),
        "body": event.model_dump_json(),
    }
    return Prepared(row, tuple(handlers))


def append(conn: Connection, batch: Sequence[Prepared], *, created: str) -> set[str]:
    """Insert events and their deliveries; a repeat of an id is ignored, with its deliveries.

    Parameters
    ----------
    created
        The stamp from which the deliveries count and may be claimed.

    Returns
    -------
    set of str
        The handlers that have something new to do.
    """
    statement = insert(conn, events).on_conflict_do_nothing().returning(events.c.id, events.c.seq)
    inserted = conn.execute(statement, [prepared.row for prepared in batch])
    fresh: dict[str, int] = {row.id: row.seq for row in inserted}
    failpoint("bus.publish_events_inserted")
    rows: list[dict[str, Any]] = []
    for prepared in batch:
        # popped, so that an id repeated within the batch counts once
        seq = fresh.pop(prepared.row["id"], None)
        if seq is not None:
            fixed = {"event_seq": seq, "model": prepared.row["model"], "not_before": created, "created": created}
            rows += [{"handler": handler, "state": "pending", **fixed} for handler in prepared.handlers]
    if rows:
        conn.execute(deliveries.insert(), rows)
    failpoint("bus.publish_deliveries_inserted")
    return {row["handler"] for row in rows}


def page(
    conn: Connection,
    *,
    model: str | None = None,
    types: Sequence[str] = (),
    before_seq: int | None = None,
    limit: int = 100,
) -> list[Logged]:
    """Events, newest first, of one model and of some types if asked for; `before_seq` is the last one already seen."""
    query = select(events.c.seq, events.c.body).order_by(events.c.seq.desc())
    if model is not None:
        query = query.where(events.c.model == model)
    if types:
        query = query.where(events.c.type.in_(types))
    if before_seq is not None:
        query = query.where(events.c.seq < before_seq)
    return _logged(conn, query.limit(limit))


def after(conn: Connection, seq: int, limit: int = 100) -> list[Logged]:
    """Events behind `seq`, oldest first: what a follower reads next."""
    return _logged(
        conn, select(events.c.seq, events.c.body).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    )


def by_id(conn: Connection, id: str) -> Logged | None:
    """The event with this id."""
    found = _logged(conn, select(events.c.seq, events.c.body).where(events.c.id == id))
    return found[0] if found else None


def last_seq(conn: Connection) -> int:
    """The place of the newest event; 0 when there is none."""
    return conn.execute(select(func.coalesce(func.max(events.c.seq), 0))).scalar_one()


def _logged(conn: Connection, query: Select[Any, Any]) -> list[Logged]:
    return [Logged(*row) for row in conn.execute(query)]
