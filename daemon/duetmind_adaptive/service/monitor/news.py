"""What a check brought about, read from the log: messages with what became of them, and the actions asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.contracts import ResponseAction as Action
from duetmind_adaptive.events import AlertDelivered, AlertFailed, AlertSuppressed, Event, parse_event
from duetmind_adaptive.policy.alerts import alert_from
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.service.monitor.configuration import DriftSeverity, ResponseAction
from duetmind_adaptive.service.monitor.results import DriftAlert
from duetmind_adaptive.store import reviews, states

#: events that one check and what follows from it may bring about
MOST = 1000
#: what a check asks a person, and what it asks of the trainer, is in the policy's state
WAITED_FOR = (ResponseAction.RETRAIN_MODEL, ResponseAction.HUMAN_REVIEW)
_ENDS = {AlertDelivered: "delivered", AlertFailed: "failed", AlertSuppressed: "suppressed"}


def news(conn: Connection, seq: int) -> list[Event]:
    """The events after `seq`, oldest first."""
    return [parse_event(each.body) for each in event_log.after(conn, seq, MOST)]


def alerts_in(conn: Connection, seq: int, channels: Sequence[str]) -> list[DriftAlert]:
    """The messages after `seq`, each with what became of it in each channel."""
    happened = news(conn, seq)
    ends: dict[str, dict[str, str]] = {}
    for event in happened:
        if isinstance(event, AlertDelivered | AlertFailed | AlertSuppressed):
            said = f"{_ENDS[type(event)]}: {event.data.reason}" if event.data.reason else _ENDS[type(event)]
            ends.setdefault(event.data.alert, {})[event.data.channel] = said
    told = [_alert(event, ends.get(event.id, {}), channels) for event in happened]
    return [alert for alert in told if alert is not None]


def _alert(event: Event, ends: Mapping[str, str], channels: Sequence[str]) -> DriftAlert | None:
    alert = alert_from(event)
    if alert is None:
        return None
    data: Any = event.data
    return DriftAlert(
        id=alert.id, model=alert.model, incident=alert.incident, status=alert.status,
        severity=DriftSeverity(alert.severity), title=alert.title, lines=alert.lines, at=event.time,
        kinds=tuple(getattr(data, "kinds", ())), delivered={name: ends.get(name, "waiting") for name in channels},
    )  # fmt: skip


def request_waiting(conn: Connection, model: str) -> str | None:
    """The id of the retrain that the policy asked for and that has not ended."""
    document = states.load_state(conn, model)
    return ModelState.model_validate_json(document).retraining.in_flight if document else None


def recommended(
    conn: Connection, model: str, enabled: Sequence[str], actions: Mapping[str, Action], seq: int
) -> list[str]:
    """The enabled actions that something asks for, in the order in which they are enabled."""
    happened = news(conn, seq) if actions else []
    asked = {
        name
        for name in enabled
        if name in actions and name not in WAITED_FOR and any(map(actions[name].wants, happened))
    }
    if request_waiting(conn, model):
        asked.add(ResponseAction.RETRAIN_MODEL)
    if reviews.open_of(conn, model):
        asked.add(ResponseAction.HUMAN_REVIEW)
    return [ResponseAction(name) if name in set(ResponseAction) else name for name in enabled if name in asked]
