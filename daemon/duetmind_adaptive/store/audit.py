"""The audit log: every act, with who, what and why; rows are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import audit, stamp

#: who acts without a person
POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the log."""

    who: str
    what: str
    #: empty where it concerns no single model
    model: str
    why: str
    outcome: str


def note(tx: Transaction, act: Act, *, now: datetime) -> None:
    """Add a line."""
    values = {
        "at": stamp(now), "who": act.who, "what": act.what, "model": act.model, "why": act.why, "outcome": act.outcome,
    }  # fmt: skip
    tx.connection.execute(audit.insert().values(values))


def outcome_of(conn: Connection, *, what: str, model: str, why: str) -> str | None:
    """What came of an act for a reason, the first one; None if there was none."""
    here = (audit.c.what == what) & (audit.c.model == model) & (audit.c.why == why)
    return conn.execute(select(audit.c.outcome).where(here).order_by(audit.c.seq).limit(1)).scalar()


def page(conn: Connection, *, model: str | None, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Acts, newest first; `before` is the place of the last one seen."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if model is not None:
        query = query.where(audit.c.model == model)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return conn.execute(query).all()
