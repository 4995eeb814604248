"""What a message has to know before it leaves: what is open, told, taken on and silenced, and who stands in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from duetmind_adaptive.event_data import DriftData
from duetmind_adaptive.policy.notices import Facts, Told
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.store import incidents, notices, reviews
from duetmind_adaptive.store.tables import unstamp


def templates_of(loaded: Loaded) -> Path | None:
    """The folder of the operator's own words."""
    folder = loaded.config.alerts.templates
    return loaded.path.absolute().parent / folder if folder else None


def fallback_of(channel: str, loaded: Loaded) -> str | None:
    """Who tells what `channel` cannot: the one it names, else the next, which is not the log if there is another."""
    own = loaded.channels.get(channel)
    if own is not None and own.fallback is not None:
        return own.fallback
    others = [name for name in loaded.channels if name != channel]
    return min(others, key=lambda name: loaded.channels[name].type == "log", default=None)


def known_facts(conn: Connection, *, channel: str, model: str, gone: bool) -> tuple[Facts, Mapping[str, DriftData]]:
    """What has to be known before a message about `model` leaves, and what is open, by incident."""
    standing = incidents.all_open_of(conn, model)
    asked = reviews.open_of(conn, model)
    silence = notices.silence_of(conn, model)
    facts = Facts(
        open={row.id: row.severity for row in standing},
        asked=frozenset(asked),
        acknowledged={row.incident: row.severity for row in notices.acknowledged_of(conn, model)},
        told={row.incident: Told(unstamp(row.told), row.severity) for row in notices.told_by(conn, channel, model)},
        silenced_until=silence.until if silence else None,
        gone=gone,
    )
    return facts, {row.id: DriftData.model_validate_json(row.body) for row in standing}
