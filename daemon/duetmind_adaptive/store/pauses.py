"""Whether a person has stopped all acting: one row, so that it holds over restarts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import meta, stamp, unstamp
from duetmind_adaptive.store.upsert import insert

_KEY = "paused"


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when nothing is done about drift, and why."""

    since: datetime
    reason: str


def load_pause(conn: Connection) -> Pause | None:
    """The pause that holds; None when the daemon may act."""
    found = conn.execute(select(meta.c.value).where(meta.c.key == _KEY)).scalar()
    if found is None:
        return None
    held = json.loads(found)
    return Pause(since=unstamp(held["since"]), reason=held["reason"])


def begin_pause(tx: Transaction, pause: Pause) -> Pause:
    """Stop acting; a pause that holds already stays as it is. What holds now."""
    value = json.dumps({"since": stamp(pause.since), "reason": pause.reason})
    tx.connection.execute(insert(tx.connection, meta).values(key=_KEY, value=value).on_conflict_do_nothing())
    return load_pause(tx.connection) or pause


def end_pause(tx: Transaction) -> bool:
    """Act again; False if nothing was paused."""
    return bool(tx.connection.execute(delete(meta).where(meta.c.key == _KEY)).rowcount)
