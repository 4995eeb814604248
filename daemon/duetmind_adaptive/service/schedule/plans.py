"""Keeps the planned slots in step with the config and the turns: each function is one atomic change of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from duetmind_adaptive.service.schedule import rows
from duetmind_adaptive.service.schedule.rows import MODEL_REMOVED, SCHEDULE_CHANGED, Slot
from duetmind_adaptive.service.schedule.slots import next_slot
from duetmind_adaptive.service.schedule.turns import Turn, planned
from duetmind_adaptive.settings.schedule import ScheduleSettings


def resume(conn: Connection, models: Mapping[str, ScheduleSettings], now: datetime) -> dict[str, Slot]:
    """Each model's pending slot at start; the plans of models that the config no longer has are withdrawn."""
    for model in rows.planned_models(conn) - models.keys():
        forget(conn, model, now, running=None)
    return {model: adopt(conn, model, schedule, now, running=None) for model, schedule in models.items()}


def adopt(conn: Connection, model: str, schedule: ScheduleSettings, now: datetime, *, running: datetime | None) -> Slot:
    """The oldest slot that nothing was done about, planned here if the rows know of none.

    A slot that came while the daemon was down, or was left due by a crash, is the pending one; else it is the
    first after the newest row. A future plan that the schedule does not name (any more) is withdrawn.
    """
    waiting = [slot for slot in rows.open_slots(conn, model) if slot.slot != running]
    come = [slot for slot in waiting if slot.slot <= now]
    pending = come[0] if come else planned(schedule, model, _upcoming(conn, model, schedule, now, bool(waiting)))
    keep = _moments(running, pending.slot, *(slot.slot for slot in come))
    rows.close_open(conn, model, "missed", reason=SCHEDULE_CHANGED, at=now, keep=keep)
    rows.plan(conn, model, pending.slot, pending.due)
    return pending


def _upcoming(conn: Connection, model: str, schedule: ScheduleSettings, now: datetime, planned_ahead: bool) -> datetime:
    newest = None if planned_ahead else rows.latest(conn, model)
    if newest is None or newest.slot > now or newest.reason == MODEL_REMOVED:
        return next_slot(schedule, now)
    return next_slot(schedule, newest.slot)


def forget(conn: Connection, model: str, now: datetime, *, running: datetime | None) -> None:
    """Tell the due slots of a model that left the config as missed."""
    rows.close_open(conn, model, "missed", reason=MODEL_REMOVED, at=now, keep=_moments(running))


def take(conn: Connection, turn: Turn, now: datetime, *, running: datetime | None) -> Slot | None:
    """Write a turn down; the slot to run, or None if there is none or its run was recorded before."""
    model = turn.next.model
    rows.record(conn, turn.settled)
    for slot in filter(None, (turn.run, turn.next)):
        rows.plan(conn, model, slot.slot, slot.due)
    keep = _moments(running, turn.next.slot, turn.run.slot if turn.run else None)
    rows.close_open(conn, model, "coalesced", reason="caught up by a later check", at=now, keep=keep)
    return turn.run if turn.run and rows.is_due(conn, model, turn.run.slot) else None


def _moments(*moments: datetime | None) -> list[datetime]:
    return [moment for moment in moments if moment is not None]
