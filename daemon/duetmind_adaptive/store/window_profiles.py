"""Stored profiles of windows as rows: kept with each check, made days after two weeks, dropped after 400 days.

Ages are those of the data: a history that is replayed ages as it did. Each check does a bounded part of the work, so
nothing piles up and no check has to wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.records import Window
from duetmind_adaptive.store.checks import window_of
from duetmind_adaptive.store.tables import stamp, unstamp, window_profiles
from duetmind_adaptive.store.upsert import insert

#: how long each window keeps a profile of its own
WINDOWS_KEPT = timedelta(days=14)
#: how long a day keeps one
DAYS_KEPT = timedelta(days=400)
#: profiles that become one in one check; more of a day become another
FOLDED = 100

_TABLE = window_profiles.c


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One row: a window, or a day of them."""

    window: Window
    version: int
    grain: str
    body: bytes


def keep(tx: Transaction, model: str, version: int, window: Window, body: bytes, *, now: datetime) -> None:
    """Keep a window's profile, and drop those that are too old."""
    row = _values(model, version, window, body, moment=window.end or now, grain="window")
    tx.connection.execute(insert(tx.connection, window_profiles).values(row).on_conflict_do_nothing())
    too_old = stamp((window.end or now) - DAYS_KEPT)
    tx.connection.execute(delete(window_profiles).where(_TABLE.model == model, _TABLE.moment < too_old))


def due(conn: Connection, model: str) -> tuple[int, list[tuple[int, bytes]]] | None:
    """The oldest windows that are to become a day, as first rows and bodies, and their version; None when none are."""
    newest: str | None = conn.execute(select(func.max(_TABLE.moment)).where(_TABLE.model == model)).scalar()
    if newest is None:
        return None
    where = _TABLE.model == model, _TABLE.grain == "window", _TABLE.moment < stamp(ripe_before(unstamp(newest)))
    ages = select(_TABLE.version, _TABLE.first_row, _TABLE.moment).where(*where).order_by(_TABLE.moment).limit(FOLDED)
    chosen = one_day([(row.version, row.first_row, unstamp(row.moment)) for row in conn.execute(ages)])
    if chosen is None:
        return None
    version, rows = chosen
    bodies = select(_TABLE.first_row, _TABLE.body).where(_where(model, version, rows)).order_by(_TABLE.first_row)
    return version, [(row.first_row, row.body) for row in conn.execute(bodies)]


def ripe_before(newest: datetime) -> datetime:
    """The midnight before which days are over and old enough to be one.

    >>> ripe_before(datetime(2026, 3, 20, 15, tzinfo=UTC)).isoformat()
    '2026-03-06T00:00:00+00:00'
    """
    return (newest - WINDOWS_KEPT).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def one_day(windows: Sequence[tuple[int, int, datetime]]) -> tuple[int, list[int]] | None:
    """Of (version, first row, moment), oldest first, the version and first rows that lie together at the beginning.

    >>> hours = [(version, hour, datetime(2026, 3, 1, hour, tzinfo=UTC)) for version, hour in [(1, 3), (1, 4), (2, 5)]]
    >>> one_day(hours)
    (1, [3, 4])
    >>> one_day([]) is None
    True
    """
    if not windows:
        return None
    version, _, moment = windows[0]
    day = moment.astimezone(UTC).date()
    together = takewhile(lambda each: each[0] == version and each[2].astimezone(UTC).date() == day, windows)
    return version, [row for _, row, _ in together]


def fold(tx: Transaction, model: str, version: int, first_rows: Sequence[int], body: bytes | None) -> None:
    """Put one profile in the place of some windows' own; without a body they go without replacement."""
    where = _where(model, version, first_rows)
    rows = tx.connection.execute(select(window_profiles).where(where).order_by(_TABLE.first_row)).all()
    if len(rows) != len(first_rows):
        return
    tx.connection.execute(delete(window_profiles).where(where))
    if body is not None:
        starts, ends = ([unstamp(at) for row in rows if (at := getattr(row, side))] for side in ("start", "end"))
        day = Window(
            first_row=rows[0].first_row,
            last_row=max(row.last_row for row in rows),
            start=min(starts, default=None),
            end=max(ends, default=None),
        )
        moment = max(unstamp(row.moment) for row in rows)
        values = _values(model, version, day, body, moment=moment, grain="day")
        tx.connection.execute(insert(tx.connection, window_profiles).values(values))


def history(conn: Connection, model: str) -> list[StoredProfile]:
    """Every stored profile of a model, oldest first."""
    query = select(window_profiles).where(_TABLE.model == model).order_by(_TABLE.moment, _TABLE.first_row)
    rows: Sequence[Row[Any]] = conn.execute(query).all()
    return [StoredProfile(window_of(row), row.version, row.grain, row.body) for row in rows]


def _where(model: str, version: int, first_rows: Sequence[int]) -> Any:
    return (_TABLE.model == model) & (_TABLE.version == version) & _TABLE.first_row.in_(first_rows)


def _values(model: str, version: int, window: Window, body: bytes, *, moment: datetime, grain: str) -> dict[str, Any]:
    return {
        "model": model,
        "version": version,
        "first_row": window.first_row,
        "last_row": window.last_row,
        "start": stamp(window.start) if window.start else None,
        "end": stamp(window.end) if window.end else None,
        "moment": stamp(moment),
        "grain": grain,
        "body": body,
    }
