"""Incidents as people list them: one row each, written by the same transaction that publishes their events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated
from duetmind_adaptive.store.tables import incidents, stamp
from duetmind_adaptive.store.upsert import insert


def follow(tx: Transaction, event: DriftDetected | DriftUpdated | DriftResolved) -> None:
    """Bring the incident's row up to what the event says."""
    data = event.data
    if isinstance(event, DriftDetected):
        values = {
            "id": data.incident,
            "model": data.model,
            "cause": data.cause,
            "severity": data.severity,
            "state": "open",
            "opened": stamp(data.opened),
            "body": data.model_dump_json(),
        }
        tx.connection.execute(insert(tx.connection, incidents).values(values).on_conflict_do_nothing())
        return
    change = {"severity": data.severity, "body": data.model_dump_json()}
    if isinstance(event, DriftResolved):
        change |= {"state": "resolved", "resolved": stamp(event.time)}
    tx.connection.execute(update(incidents).where(incidents.c.id == data.incident).values(change))


def open_of(conn: Connection, model: str) -> Row[Any] | None:
    """The model's open incident, the newest if there are two causes."""
    query = select(incidents).where(incidents.c.model == model, incidents.c.state == "open")
    return conn.execute(query.order_by(incidents.c.opened.desc()).limit(1)).first()


def all_open_of(conn: Connection, model: str) -> Sequence[Row[Any]]:
    """The model's open incidents, oldest first."""
    query = select(incidents).where(incidents.c.model == model, incidents.c.state == "open")
    return conn.execute(query.order_by(incidents.c.opened)).all()


def get(conn: Connection, id: str) -> Row[Any] | None:
    """One incident."""
    return conn.execute(select(incidents).where(incidents.c.id == id)).first()


def count_open(conn: Connection) -> dict[str, int]:
    """Open incidents per model."""
    query = select(incidents.c.model, func.count()).where(incidents.c.state == "open").group_by(incidents.c.model)
    return dict(conn.execute(query).tuples().all())


def page(conn: Connection, *, model: str | None, before: str | None, limit: int) -> Sequence[Row[Any]]:
    """Incidents, newest first; `before` is the `opened` stamp and id of the last one seen, joined by a space."""
    query = select(incidents).order_by(incidents.c.opened.desc(), incidents.c.id.desc()).limit(limit)
    if model is not None:
        query = query.where(incidents.c.model == model)
    if before is not None:
        opened, _, last = before.partition(" ")
        older = (incidents.c.opened < opened) | ((incidents.c.opened == opened) & (incidents.c.id < last))
        query = query.where(older)
    return conn.execute(query).all()
