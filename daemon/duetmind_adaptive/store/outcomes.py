"""The ledger of acts as rows: one an act, opened with it, changed by what follows, closed with a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_, update

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import outcomes, stamp
from duetmind_adaptive.store.upsert import insert


def note(
    tx: Transaction, model: str, act: str, changes: Mapping[str, Any], *, opens: bool, closes: bool, now: datetime
) -> None:
    """Open the entry of an act, or change it; one that is closed, or was never opened, stays as it is."""
    values = {**changes, "closed": stamp(now)} if closes else dict(changes)
    if opens:
        row = {"id": act, "model": model, "at": stamp(now), **values}
        tx.connection.execute(insert(tx.connection, outcomes).values(row).on_conflict_do_nothing())
        return
    still_open = (outcomes.c.id == act) & outcomes.c.closed.is_(None)
    tx.connection.execute(update(outcomes).where(still_open).values(values))


def page(conn: Connection, *, model: str | None, before: str | None, limit: int) -> Sequence[Row[Any]]:
    """Acts, newest first; `before` is the `at` stamp and id of the last one seen, joined by a space."""
    query = select(outcomes).order_by(outcomes.c.at.desc(), outcomes.c.id.desc()).limit(limit)
    if model is not None:
        query = query.where(outcomes.c.model == model)
    if before is not None:
        at, _, last = before.partition(" ")
        query = query.where(tuple_(outcomes.c.at, outcomes.c.id) < (at, last))
    return conn.execute(query).all()
