"""What an alarm leads to: a pure decision on which slots to settle, which one to run and which is next.

After any time away one check runs, for the newest slot; the slots before it are told as coalesced. A slot
that comes while the model's check still runs is coalesced into that. The number of rows is bounded: slots
beyond the newest `ROW_LIMIT` become one row that names their count and range.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from duetmind_adaptive.service.schedule.rows import Slot
from duetmind_adaptive.service.schedule.slots import Passed, due_time, next_slot, passed_slots
from duetmind_adaptive.settings.schedule import ScheduleSettings

#: slots of a stretch of downtime that get a row each
ROW_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One model's turn at one moment."""

    #: the slot to check for; None when a check still runs
    run: Slot | None
    #: slots that come to nothing of their own, ascending
    settled: tuple[Slot, ...]
    #: the slot to wait for
    next: Slot


def planned(schedule: ScheduleSettings, model: str, slot: datetime) -> Slot:
    """The row of a slot that is to come."""
    return Slot(model, slot, due_time(schedule, model, slot), "due")


def decide(
    schedule: ScheduleSettings, pending: Slot, now: datetime, running: datetime | None, limit: int = ROW_LIMIT
) -> Turn | None:
    """What to do at `now` when `pending` is the oldest slot that nothing was done about.

    Parameters
    ----------
    schedule
        The model's present schedule; `pending` may stem from an earlier one.
    running
        The slot whose check still runs, if any.
    limit
        Most slots that get a row each.

    Returns
    -------
    Turn | None
        None when nothing is due yet.
    """
    if pending.due > now:
        return None
    passed = passed_slots(schedule, pending.slot, now, limit)
    come = [planned(schedule, pending.model, slot) for slot in passed.newest]
    jittering = bool(come) and come[-1].due > now
    upcoming = come.pop() if jittering else planned(schedule, pending.model, next_slot(schedule, now))
    lost = [_lost(pending, passed, now)] if passed.older else []
    waiting = come if passed.older else [pending, *come]
    run = None if running or not waiting else waiting.pop()
    by = f"the check of {running:%Y-%m-%d %H:%M:%S}Z was still running" if running else _caught_up(run)
    settled = [Slot(slot.model, slot.slot, slot.due, "coalesced", by, now) for slot in waiting]
    return Turn(run, (*lost, *settled), upcoming)


def _caught_up(run: Slot | None) -> str:
    return f"caught up by the check of {run.slot:%Y-%m-%d %H:%M:%S}Z" if run else "caught up by a later check"


def _lost(pending: Slot, passed: Passed, now: datetime) -> Slot:
    """One row for all the slots that are too many for rows of their own: the pending one and the older ones."""
    number = f"{passed.older + 1:,}" if passed.exact else f"more than {passed.older:,}"
    reason = (
        f"{number} slots from {pending.slot:%Y-%m-%d %H:%M:%S}Z to {passed.last:%Y-%m-%d %H:%M:%S}Z passed unattended"
    )
    return Slot(pending.model, pending.slot, pending.due, "missed", reason, now)
