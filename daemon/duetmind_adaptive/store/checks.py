"""Checks and cursors as rows: each window's check exists once, and the cursor moves in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_, update

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.records import Window
from duetmind_adaptive.store.tables import checks, cursors, memories, stamp, unstamp
from duetmind_adaptive.store.upsert import insert


@dataclass(frozen=True, slots=True)
class CursorRow:
    """Where a model's production source stands, and the problem it stands at, if any."""

    next_row: int = 0
    position: str | None = None
    problem: str | None = None


def cursor(conn: Connection, model: str) -> CursorRow:
    """The model's cursor; a fresh one when nothing was read yet."""
    row = conn.execute(select(cursors).where(cursors.c.model == model)).first()
    return CursorRow(row.next_row, row.position or None, row.problem) if row else CursorRow()


def record(tx: Transaction, model: str, report: CheckReport, *, body: str, position: str, now: datetime) -> bool:
    """Keep a check and move the cursor past its window; False if that window already has its check."""
    window, performance = report.window, report.performance
    values = {
        "model": model,
        "first_row": window.first_row,
        "last_row": window.last_row,
        "start": stamp(window.start) if window.start else None,
        "end": stamp(window.end) if window.end else None,
        "at": stamp(now),
        "version": report.version,
        "drift": int(report.drift),
        "severity": report.severity,
        "metric": performance.reading.value if performance else None,
        "labelled": int(performance is not None),
        "report": body,
    }
    fresh = tx.connection.execute(insert(tx.connection, checks).values(values).on_conflict_do_nothing()).rowcount == 1
    if fresh:
        _move(tx, model, next_row=window.last_row, position=position, problem=None)
        for late in report.late:
            _measure(tx, model, late.window.first_row, late.reading.value)
    return fresh


def memory(conn: Connection, model: str) -> str | None:
    """What the model's last check left for the next one."""
    return conn.execute(select(memories.c.memory).where(memories.c.model == model)).scalar()


def remember(tx: Transaction, model: str, memory: str) -> None:
    """Keep what a check leaves for the next one."""
    statement = insert(tx.connection, memories).values(model=model, memory=memory)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["model"], set_={"memory": memory}))


def keep_place(tx: Transaction, model: str, position: str) -> None:
    """Remember what a look that found no window learned of the files, and that the source has no problem."""
    before = cursor(tx.connection, model)
    if (before.position, before.problem) != (position, None):
        _move(tx, model, next_row=before.next_row, position=position, problem=None)


def note_problem(tx: Transaction, model: str, problem: str) -> bool:
    """Remember the source's standing problem; False if it is the one already noted."""
    before = cursor(tx.connection, model)
    if before.problem == problem:
        return False
    _move(tx, model, next_row=before.next_row, position=before.position or "", problem=problem)
    return True


def unlabelled(conn: Connection, model: str, limit: int) -> list[tuple[Window, int]]:
    """The newest `limit` windows whose labels were not in, oldest first, with the version that served each."""
    query = (
        select(checks)
        .where(checks.c.model == model, checks.c.labelled == 0, checks.c.version.is_not(None))
        .order_by(checks.c.first_row.desc())
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = conn.execute(query).all()
    return [(window_of(row), row.version) for row in reversed(rows)]


def page(conn: Connection, *, model: str | None, before: tuple[str, str, int] | None, limit: int) -> Sequence[Row[Any]]:
    """Checks, newest first; `before` is (at, model, first_row) of the last one seen."""
    order = (checks.c.at, checks.c.model, checks.c.first_row)
    query = select(checks).order_by(*(column.desc() for column in order)).limit(limit)
    if model is not None:
        query = query.where(checks.c.model == model)
    if before is not None:
        query = query.where(tuple_(*order) < before)
    return conn.execute(query).all()


def latest(conn: Connection, model: str) -> Row[Any] | None:
    """The check of the model's newest window."""
    return conn.execute(
        select(checks).where(checks.c.model == model).order_by(checks.c.first_row.desc()).limit(1)
    ).first()


def history(conn: Connection, model: str) -> Sequence[Row[Any]]:
    """Every check of a model, in the order of its windows."""
    return conn.execute(select(checks).where(checks.c.model == model).order_by(checks.c.first_row)).all()


def until(conn: Connection, model: str, last_row: int, limit: int) -> Sequence[Row[Any]]:
    """The newest `limit` windows that end at `last_row` or before it, oldest first, without their reports."""
    columns = (checks.c.first_row, checks.c.last_row, checks.c.start, checks.c.at, checks.c.metric)
    query = (
        select(*columns)
        .where(checks.c.model == model, checks.c.last_row <= last_row)
        .order_by(checks.c.first_row.desc())
        .limit(limit)
    )
    rows: Sequence[Any] = conn.execute(query).all()
    return rows[::-1]


def window_of(row: Row[Any]) -> Window:
    """The window a check's row is about."""
    return Window(
        first_row=row.first_row,
        last_row=row.last_row,
        start=unstamp(row.start) if row.start else None,
        end=unstamp(row.end) if row.end else None,
    )


def _move(tx: Transaction, model: str, *, next_row: int, position: str, problem: str | None) -> None:
    values = {"next_row": next_row, "position": position, "problem": problem}
    statement = insert(tx.connection, cursors).values(model=model, **values)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["model"], set_=values))


def _measure(tx: Transaction, model: str, first_row: int, metric: float) -> None:
    where = (checks.c.model == model, checks.c.first_row == first_row)
    tx.connection.execute(update(checks).where(*where).values(metric=metric, labelled=1))
