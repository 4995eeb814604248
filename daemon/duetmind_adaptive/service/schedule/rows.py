"""The slots table: plan, settle and look up slots. Plain functions on a connection; the scheduler decides.

A slot is planned ('due') before its moment comes, so that a daemon that was down finds where it stood. It is
settled exactly once; only a plan that was withdrawn (schedule changed, model removed) may be planned again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from duetmind_adaptive.store.tables import slots, stamp, unstamp

Fate = Literal["ran", "late", "coalesced", "missed"]

#: reasons that undo a plan rather than tell what became of a slot
SCHEDULE_CHANGED = "schedule changed"
MODEL_REMOVED = "model removed"
WITHDRAWN = (SCHEDULE_CHANGED, MODEL_REMOVED)


@dataclass(frozen=True, slots=True)
class Slot:
    """One row: the moment the schedule names, when it is due, and what became of it."""

    model: str
    slot: datetime
    due: datetime
    #: due | ran | late | coalesced | missed
    state: str
    reason: str | None = None
    finished: datetime | None = None


def latest(conn: Connection, model: str) -> Slot | None:
    """The newest slot the table knows of `model`, whatever its state."""
    row = conn.execute(select(slots).where(slots.c.model == model).order_by(slots.c.slot.desc()).limit(1)).first()
    return _slot(row) if row else None


def open_slots(conn: Connection, model: str) -> list[Slot]:
    """Slots of `model` that are planned or were left unfinished by a crash, oldest first."""
    query = select(slots).where(slots.c.model == model, slots.c.state == "due").order_by(slots.c.slot)
    return [_slot(row) for row in conn.execute(query)]


def plan(conn: Connection, model: str, slot: datetime, due: datetime) -> None:
    """Make `slot` due at `due`, unless the table already knows what became of it."""
    key = and_(slots.c.model == model, slots.c.slot == stamp(slot))
    known = conn.execute(select(slots.c.state, slots.c.reason).where(key)).first()
    if known is None:
        conn.execute(insert(slots).values(model=model, slot=stamp(slot), due=stamp(due), state="due"))
    elif known.state == "due" or (known.state == "missed" and known.reason in WITHDRAWN):
        conn.execute(update(slots).where(key).values(state="due", due=stamp(due), reason=None, finished=None))


def settle(conn: Connection, slot: Slot, fate: Fate, reason: str | None, at: datetime) -> bool:
    """Record what became of a due slot; False if it was not due, so that no slot is told of twice."""
    change = (
        update(slots)
        .where(slots.c.model == slot.model, slots.c.slot == stamp(slot.slot), slots.c.state == "due")
        .values(state=fate, reason=reason, finished=stamp(at))
    )
    return conn.execute(change).rowcount == 1


def is_due(conn: Connection, model: str, slot: datetime) -> bool:
    """Whether the slot still waits for its run."""
    query = select(slots.c.state).where(slots.c.model == model, slots.c.slot == stamp(slot))
    return conn.execute(query).scalar() == "due"


def record(conn: Connection, fates: Iterable[Slot]) -> int:
    """Settle slots of one model that nothing runs for: due ones are updated, unknown ones inserted; how many."""
    wanted = {fate.slot: fate for fate in fates}
    if not wanted:
        return 0
    model = next(iter(wanted.values())).model
    within = slots.c.slot.between(stamp(min(wanted)), stamp(max(wanted)))
    query = select(slots.c.slot, slots.c.state).where(slots.c.model == model, within)
    known: dict[datetime, str] = {unstamp(slot): state for slot, state in conn.execute(query)}
    new = [_values(fate) for moment, fate in wanted.items() if moment not in known]
    if new:
        conn.execute(insert(slots), new)
    due = [fate for moment, fate in wanted.items() if known.get(moment) == "due"]
    for fate in due:
        conn.execute(
            update(slots)
            .where(slots.c.model == model, slots.c.slot == stamp(fate.slot))
            .values(state=fate.state, reason=fate.reason, finished=stamp(fate.finished) if fate.finished else None)
        )
    return len(new) + len(due)


def close_open(
    conn: Connection, model: str, fate: Fate, reason: str, at: datetime, *, keep: Collection[datetime]
) -> int:
    """Settle every due slot of `model` other than `keep`; how many there were."""
    kept = [stamp(slot) for slot in keep]
    change = update(slots).where(slots.c.model == model, slots.c.state == "due", slots.c.slot.not_in(kept))
    return conn.execute(change.values(state=fate, reason=reason, finished=stamp(at))).rowcount


def planned_models(conn: Connection) -> set[str]:
    """Models that have a due slot."""
    return set(conn.execute(select(slots.c.model).where(slots.c.state == "due").distinct()).scalars())


def counts(conn: Connection) -> dict[str, int]:
    """How many slots are in each state."""
    query = select(slots.c.state, func.count()).group_by(slots.c.state)
    return dict(conn.execute(query).all())


def _slot(row: Row[Any]) -> Slot:
    finished = unstamp(row.finished) if row.finished else None
    return Slot(row.model, unstamp(row.slot), unstamp(row.due), row.state, row.reason, finished)


def _values(slot: Slot) -> dict[str, str | None]:
    return {
        "model": slot.model,
        "slot": stamp(slot.slot),
        "state": slot.state,
        "due": stamp(slot.due),
        "reason": slot.reason,
        "finished": stamp(slot.finished) if slot.finished else None,
    }
