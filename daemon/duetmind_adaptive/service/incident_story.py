"""Why an incident is what it is, and who heard of it: everything the store knows, in the order in which it happened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from duetmind_adaptive.bus import deadletters
from duetmind_adaptive.events import DriftDetected, parse_event
from duetmind_adaptive.policy.routing import takes
from duetmind_adaptive.service.documents import Document, incident_document
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.store import notices
from duetmind_adaptive.store.tables import deliveries, events

#: what a channel's deliveries are kept under begins so
ALERTS = "alert."
#: of events that tell of an incident or of what was done about it
KINDS = ("duetmind.drift.%", "duetmind.retrain.%", "duetmind.model.%", "duetmind.alert.%")


def story(conn: Connection, incident: Row[Any], loaded: Loaded) -> Document:
    """The incident with its `path` (what happened), `channels` (who was told, or why not) and who took it on."""
    told = _events_of(conn, incident)
    taken = notices.acknowledgement_of(conn, incident.id)
    silence = notices.silence_of(conn, incident.model)
    return {
        **incident_document(incident),
        "acknowledged": {"by": taken.by, "at": taken.at, "note": taken.note} if taken else None,
        "silenced_until": silence.until.isoformat() if silence else None,
        "path": [_step(body) for _seq, body in told],
        "channels": list(_channels(conn, incident, loaded, told)),
    }


def _events_of(conn: Connection, incident: Row[Any]) -> list[tuple[int, dict[str, Any]]]:
    """The events that name the incident, and those of the jobs that its retrains became."""
    kinds = events.c.type.like(KINDS[0])
    for kind in KINDS[1:]:
        kinds |= events.c.type.like(kind)
    rows = conn.execute(
        select(events.c.seq, events.c.body).where(events.c.model == incident.model, kinds).order_by(events.c.seq)
    )
    found: list[tuple[int, dict[str, Any]]] = []
    requests = set[str]()
    for seq, body in rows:
        event = json.loads(body)
        data = event["data"]
        if data.get("incident") == incident.id or data.get("job") in requests:
            found.append((seq, event))
            requests |= {event["id"]} if event["type"] == "duetmind.retrain.requested" else set()
    return found


def _step(event: dict[str, Any]) -> Document:
    data = event["data"]
    facts = {name: data[name] for name in ("severity", "channel", "status", "version", "message") if data.get(name)}
    return {"at": event["time"], "type": event["type"], "reason": data.get("reason", ""), **facts}


def _channels(
    conn: Connection, incident: Row[Any], loaded: Loaded, told: Sequence[tuple[int, dict[str, Any]]]
) -> Iterator[Document]:
    """Each channel: the routes that lead to it, what became of the newest message, and every try."""
    kept = {row.channel: row for row in notices.notices_of(conn, incident.id)}
    opening = next((parse_event(json.dumps(event)) for _, event in told if "detected" in event["type"]), None)
    tries = _tries(conn, [seq for seq, _ in told])
    for name in loaded.channels:
        note = kept.get(name)
        routes = _routes_to(name, opening, loaded)
        nobody = "no route takes it" if loaded.config.alerts.routes and not routes else "nothing was due yet"
        yield {
            "channel": name,
            "routes": routes,
            "state": note.state if note else "not sent",
            "reason": note.reason if note else nobody,
            "told": note.told if note else None,
            "tries": [each for each in tries if each["channel"] == name],
        }


def _routes_to(channel: str, opening: Any, loaded: Loaded) -> list[int]:
    """The places, from 1, of the routes that take the opening to a channel."""
    if not isinstance(opening, DriftDetected):
        return []
    model = loaded.models.get(opening.model)
    tags = model.tags if model else ()
    return [
        place
        for place, route in enumerate(loaded.config.alerts.routes, start=1)
        if channel in route.channels and takes(route.match, opening, tags)
    ]


def _tries(conn: Connection, seqs: Sequence[int]) -> list[Document]:
    query = select(deliveries).where(deliveries.c.event_seq.in_(seqs), deliveries.c.handler.startswith(ALERTS))
    return [
        {
            "channel": row.handler.removeprefix(ALERTS),
            "state": row.state,
            "outcome": row.outcome,
            "failed": row.attempts,
            "next": row.not_before if row.state == "pending" else None,
            "errors": [failure.error for failure in deadletters.failures(conn, row.id)],
        }
        for row in conn.execute(query.order_by(deliveries.c.event_seq))
    ]
