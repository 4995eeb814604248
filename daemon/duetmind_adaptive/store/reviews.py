"""Questions to people, and their answers: one row each, written by the transaction that publishes their events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.events import ReviewApproved, ReviewExpired, ReviewRejected, ReviewRequested
from duetmind_adaptive.store.tables import reviews, stamp
from duetmind_adaptive.store.upsert import insert

Review = ReviewRequested | ReviewApproved | ReviewRejected | ReviewExpired

_ENDS = {ReviewApproved: "approved", ReviewRejected: "rejected", ReviewExpired: "expired"}


def follow(tx: Transaction, event: Review) -> bool:
    """Bring the question's row up to what the event says; False if it had an answer, or an end, already."""
    data = event.data
    if isinstance(event, ReviewRequested):
        values = {
            "id": data.review, "model": data.model, "subject": data.subject, "reason": data.reason,
            "version": data.version, "state": "open", "asked": stamp(event.time),
        }  # fmt: skip
        return bool(
            tx.connection.execute(insert(tx.connection, reviews).values(values).on_conflict_do_nothing()).rowcount
        )
    change = {"state": _ENDS[type(event)], "answered": stamp(event.time), "by": data.by, "answer": data.reason}
    here = (reviews.c.id == data.review) & (reviews.c.state == "open")
    return bool(tx.connection.execute(update(reviews).where(here).values(change)).rowcount)


def get(conn: Connection, id: str) -> Row[Any] | None:
    """One question."""
    return conn.execute(select(reviews).where(reviews.c.id == id)).first()


def open_of(conn: Connection, model: str) -> Sequence[str]:
    """The ids of a model's questions that have no answer yet."""
    query = select(reviews.c.id).where(reviews.c.model == model, reviews.c.state == "open")
    return conn.execute(query).scalars().all()


def page(conn: Connection, *, model: str | None, before: str | None, limit: int) -> Sequence[Row[Any]]:
    """Questions, newest first; `before` is the `asked` stamp and id of the last one seen, joined by a space."""
    query = select(reviews).order_by(reviews.c.asked.desc(), reviews.c.id.desc()).limit(limit)
    if model is not None:
        query = query.where(reviews.c.model == model)
    if before is not None:
        asked, _, last = before.partition(" ")
        query = query.where((reviews.c.asked < asked) | ((reviews.c.asked == asked) & (reviews.c.id < last)))
    return conn.execute(query).all()
