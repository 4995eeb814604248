"""What channels told of incidents, who took them on, and of which models nobody is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import acknowledgements, incidents, notices, silences, stamp, unstamp
from duetmind_adaptive.store.upsert import insert


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of a model for a while."""

    model: str
    since: datetime
    until: datetime
    by: str
    reason: str


def handle_of(conn: Connection, channel: str, incident: str) -> str:
    """What a channel's last delivery about an incident is known by there; empty where there is none."""
    here = (notices.c.channel == channel) & (notices.c.incident == incident) & notices.c.told.is_not(None)
    return conn.execute(select(notices.c.handle).where(here)).scalar() or ""


def told_by(conn: Connection, channel: str, model: str) -> Sequence[Row[Any, Any, Any]]:
    """What a channel told of a model: `incident`, `told`, `severity`."""
    query = select(notices.c.incident, notices.c.told, notices.c.severity)
    return conn.execute(
        query.where(notices.c.channel == channel, notices.c.model == model, notices.c.told.is_not(None))
    ).all()


def acknowledged_of(conn: Connection, model: str) -> Sequence[Row[Any, Any]]:
    """The incidents of a model that somebody took on: `incident`, `severity`."""
    query = select(acknowledgements.c.incident, acknowledgements.c.severity)
    joined = query.join(incidents, incidents.c.id == acknowledgements.c.incident)
    return conn.execute(joined.where(incidents.c.model == model)).all()


def note(
    tx: Transaction,
    channel: str,
    subjects: Sequence[str],
    *,
    model: str,
    state: str,
    reason: str,
    severity: str | None,
    now: datetime,
) -> None:
    """Keep what became of the newest message about some incidents; `severity` only where it was taken.

    What the receiver knows the message by is the first one's: the others were told along and have none of their own.
    """
    change = {"state": state, "reason": reason, "at": stamp(now)}
    if severity is not None:
        change |= {"told": stamp(now), "severity": severity, "handle": reason}
    for place, subject in enumerate(subjects):
        if place and severity is not None:
            change = {**change, "handle": ""}
        values = {"channel": channel, "incident": subject, "model": model, **change}
        statement = insert(tx.connection, notices).values(values)
        tx.connection.execute(statement.on_conflict_do_update(index_elements=["channel", "incident"], set_=change))


def notices_of(conn: Connection, incident: str) -> Sequence[Row[Any]]:
    """What each channel told of an incident."""
    return conn.execute(select(notices).where(notices.c.incident == incident).order_by(notices.c.channel)).all()


def acknowledge(tx: Transaction, incident: str, *, severity: str, by: str, note: str, now: datetime) -> None:
    """Somebody takes an incident on; who does so later takes it over."""
    change = {"severity": severity, "at": stamp(now), "by": by, "note": note}
    statement = insert(tx.connection, acknowledgements).values(incident=incident, **change)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["incident"], set_=change))


def acknowledgement_of(conn: Connection, incident: str) -> Row[Any] | None:
    """Who took an incident on."""
    return conn.execute(select(acknowledgements).where(acknowledgements.c.incident == incident)).first()


def silence(tx: Transaction, silence: Silence) -> None:
    """Tell nobody of a model until then; a newer silence takes the place of an older one."""
    change = {
        "since": stamp(silence.since), "until": stamp(silence.until), "by": silence.by, "reason": silence.reason,
    }  # fmt: skip
    statement = insert(tx.connection, silences).values(model=silence.model, **change)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["model"], set_=change))


def end_silence(tx: Transaction, model: str) -> bool:
    """Tell people of the model again; False if it was not silenced."""
    return bool(tx.connection.execute(delete(silences).where(silences.c.model == model)).rowcount)


def silence_of(conn: Connection, model: str) -> Silence | None:
    """The newest silence of a model, over or not."""
    row = conn.execute(select(silences).where(silences.c.model == model)).first()
    return Silence(row.model, unstamp(row.since), unstamp(row.until), row.by, row.reason) if row else None
