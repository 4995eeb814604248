"""Puts alert channels and response actions on the bus, each with deliveries of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from duetmind_adaptive.contracts import (
    AlertChannel,
    Attempt,
    Delivered,
    Operations,
    Outcome,
    ResponseAction,
    RetryPolicy,
    Subscription,
)
from duetmind_adaptive.event_data import AlertData
from duetmind_adaptive.events import (
    AlertDelivered,
    AlertFailed,
    DriftDetected,
    DriftResolved,
    Event,
    ReviewRequested,
    derive_id,
    make,
)
from duetmind_adaptive.policy.alerts import alert_from
from duetmind_adaptive.policy.routing import channels_for
from duetmind_adaptive.settings.model import Loaded

#: one message when an incident opens, one when it is over, and one for a question
TOLD = (DriftDetected, DriftResolved, ReviewRequested)

_STATUS: dict[type[object], str] = {DriftDetected: "opened", DriftResolved: "resolved", ReviewRequested: "review"}

#: ten tries over more than 75 hours (Standard Webhooks): 10 s, 50 s, 4 min, 20 min, 1.7 h, 9 h, then 30 h each, less
#: a fifth of chance
ALERT_RETRY = RetryPolicy(tries=10, first=timedelta(seconds=10), factor=5.0, cap=timedelta(hours=30), jitter=0.2)


def subscription_name(channel: str) -> str:
    """What a channel's deliveries are kept under."""
    return f"alert.{channel}"


def channel_subscription(channel: AlertChannel, loaded: Callable[[], Loaded]) -> Subscription:
    """A channel takes the alerts its routes give it; what became of each is an event."""

    def wants(event: Event) -> bool:
        now = loaded()
        return isinstance(event, TOLD) and channel.name in channels_for(
            event, now.config.alerts.routes, tuple(now.channels)
        )

    async def send(event: Event, attempt: Attempt) -> Outcome:
        alert = alert_from(event)
        return await channel.send(alert, attempt) if alert else Delivered("nothing to tell")

    return Subscription(
        name=subscription_name(channel.name),
        wants=wants,
        effect=send,
        timeout=timedelta(seconds=45),
        retry=ALERT_RETRY,
        report=lambda event, outcome, attempt, now: _told(channel.name, event, outcome, attempt, now),
    )


def action_subscription(action: ResponseAction, operations: Operations, held: Callable[[], bool]) -> Subscription:
    """An action takes the events it wants, once acting is not paused."""

    async def respond(event: Event, _attempt: Attempt) -> Outcome:
        return await action.respond(event, operations)

    return Subscription(name=f"response.{action.name}", wants=action.wants, effect=respond, held=held)


def _told(channel: str, event: Event, outcome: Outcome, attempt: Attempt, now: datetime) -> Sequence[Event]:
    """`alert.delivered` or `alert.failed`, in the transaction that ends the delivery."""
    delivered = isinstance(outcome, Delivered)
    kind = AlertDelivered if delivered else AlertFailed
    data = AlertData(
        model=event.model,
        channel=channel,
        alert=event.id,
        incident=getattr(event.data, "incident", None),
        status=_STATUS.get(type(event), "resolved"),
        reason=outcome.detail if isinstance(outcome, Delivered) else outcome.reason,
        attempts=attempt.number,
    )
    return (make(kind, data, id=derive_id(event.id, channel, kind.__name__), time=now),)
