"""Puts alert channels on the bus: each message is judged when it is due, sent, and what became of it kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.contracts import (
    Alert,
    AlertChannel,
    Attempt,
    Clock,
    Delivered,
    Outcome,
    Postponed,
    Rejected,
    Retry,
    RetryPolicy,
    Store,
    Subscription,
    Suppressed,
    Transaction,
)
from duetmind_adaptive.event_data import AlertData, DriftData
from duetmind_adaptive.events import (
    AlertDelivered,
    AlertFailed,
    AlertSuppressed,
    DriftDetected,
    DriftUpdated,
    Event,
    ModelRolledBack,
    ReviewRequested,
    derive_id,
    make,
    parse_event,
)
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.alerts import alert_from, told_along, told_instead
from duetmind_adaptive.policy.notices import NoticeRules, Send, judge_notice, subject_of
from duetmind_adaptive.policy.quiet_hours import QuietHours
from duetmind_adaptive.policy.reasons import Quiet
from duetmind_adaptive.policy.routing import Message, channels_for
from duetmind_adaptive.service.known_facts import fallback_of, known_facts, templates_of
from duetmind_adaptive.service.pacing import Pacer
from duetmind_adaptive.service.templates import Templates
from duetmind_adaptive.service.trend import trend_of
from duetmind_adaptive.settings.alerts import ChannelSettings
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.resolve import time_between
from duetmind_adaptive.store import notices

log = get_logger(__name__)

#: ten tries over more than 75 hours (Standard Webhooks): 10 s, 50 s, 4 min, 20 min, 1.7 h, 9 h, then 30 h each, less
#: a fifth of chance
ALERT_RETRY = RetryPolicy(tries=10, first=timedelta(seconds=10), factor=5.0, cap=timedelta(hours=30), jitter=0.2)

#: where a type has a rate that its receivers are known to enforce
RATES = {"slack": "1 per 1s"}


def subscription_name(channel: str) -> str:
    """What a channel's deliveries are kept under."""
    return f"alert.{channel}"


class Teller:
    """Tells people by one channel: decides on each message when it is due, sends it, and keeps what became of it."""

    def __init__(self, channel: AlertChannel, loaded: Callable[[], Loaded], store: Store, clock: Clock) -> None:
        self._channel = channel
        self._loaded = loaded
        self._store = store
        self._clock = clock
        self._pacer = Pacer()
        self._gone = False
        #: by event, the incidents that its message tells along with its own
        self._along: dict[str, tuple[str, ...]] = {}

    def subscription(self) -> Subscription:
        """What to give to the bus."""
        return Subscription(
            name=subscription_name(self._channel.name),
            wants=self._wants,
            effect=self._tell,
            concurrency=1,  # so that a kill repeats one message at most
            timeout=timedelta(seconds=45),
            retry=ALERT_RETRY,
            report=self._report,
            record=self._record,
            trouble=self._trouble,
        )

    def _wants(self, event: Event) -> bool:
        now, name = self._loaded(), self._channel.name
        if isinstance(event, AlertFailed):
            return not event.data.fallback and fallback_of(event.data.channel, now) == name
        model = now.models.get(event.model)
        tags = model.tags if model else ()
        return name in channels_for(event, now.config.alerts.routes, tuple(now.channels), tags=tags)

    async def _tell(self, event: Event, attempt: Attempt) -> Outcome:
        now = self._clock.now()
        alert = await self._instead(event) if isinstance(event, AlertFailed) else await self._due(event, attempt, now)
        if not isinstance(alert, Alert):
            return alert
        turn = self._pacer.turn(attempt.delivery, now, self._interval())
        if turn > now:
            return Postponed(turn, Quiet.RATE_LIMIT)
        outcome = await self._channel.send(await self._with_past(alert), attempt)
        if isinstance(outcome, Rejected) and outcome.gone:
            self._gone = True  # until the next start or reload: whoever mends the channel does one of them
            log.error("alert.channel_gone", channel=self._channel.name, reason=outcome.reason)
        return outcome

    async def _with_past(self, alert: Alert) -> Alert:
        """The alert with what the channel knows its incident by, and how the metric went."""
        handle, trend = await self._store.read(
            lambda conn: (notices.handle_of(conn, self._channel.name, alert.incident), trend_of(conn, alert.event))
        )
        return replace(alert, handle=handle, trend=trend)

    async def _due(self, event: Event, attempt: Attempt, now: datetime) -> Alert | Outcome:
        """The message to send now; else why it waits or is not sent."""
        query = partial(known_facts, channel=self._channel.name, model=event.model, gone=self._gone)
        facts, bodies = await self._store.read(query)
        notice = judge_notice(event, facts, self._rules(), since=attempt.since, now=now)
        if not isinstance(notice, Send):
            return notice
        alert = alert_from(event)
        if alert is None:
            return Delivered("nothing to tell")
        self._along[event.id] = notice.also
        if folder := templates_of(self._loaded()):
            alert = await asyncio.to_thread(Templates(folder).word, alert)
        return told_along(alert, [bodies[each] for each in notice.also if each in bodies])

    async def _instead(self, event: AlertFailed) -> Alert | Outcome:
        """The message that another channel could not tell."""
        if self._gone:
            return Suppressed(Quiet.CHANNEL_GONE)
        first = trouble_id(event.data.alert, event.data.channel)
        lost, told = await self._store.read(
            lambda conn: (event_log.by_id(conn, event.data.alert), event_log.by_id(conn, first))
        )
        if told and event.id != first:
            return Suppressed(Quiet.TOLD_ELSEWHERE)
        alert = alert_from(parse_event(lost.body)) if lost is not None else None
        if alert is None:
            return Suppressed(Quiet.OVER)
        return told_instead(alert, event)

    def _rules(self) -> NoticeRules:
        alerts, own = self._loaded().config.alerts, self._settings()
        quiet = own.quiet_hours if own else None
        return NoticeRules(
            group_wait=alerts.group_wait,
            group_interval=alerts.group_interval,
            quiet=QuietHours(begin=quiet.begin, end=quiet.end, timezone=quiet.timezone, unless=quiet.unless)
            if quiet
            else None,
        )

    def _interval(self) -> timedelta:
        own = self._settings()
        rate = (own.rate or RATES.get(own.type)) if own else None
        return time_between(rate) if rate else timedelta()

    def _settings(self) -> ChannelSettings | None:
        return self._loaded().channels.get(self._channel.name)

    def _record(self, tx: Transaction, event: Event, outcome: Outcome, now: datetime) -> None:
        if not isinstance(event, Message | AlertFailed):
            return
        taken = isinstance(outcome, Delivered)
        also = self._along.pop(event.id, ())
        subjects = [subject_of(event), *(also if taken else ())]
        severity = event.data.severity if isinstance(event.data, DriftData) else "medium"
        notices.note(
            tx, self._channel.name, [each for each in subjects if each], model=event.model, state=_state(outcome),
            reason=_reason(outcome), severity=severity if taken else None, now=now,
        )  # fmt: skip

    def _report(self, event: Event, outcome: Outcome, attempt: Attempt, now: datetime) -> Sequence[Event]:
        """What became of the message, in the transaction that ends the delivery."""
        kind = _REPORTS.get(type(outcome), AlertFailed)
        data = self._data(event, _reason(outcome), attempt)
        return (make(kind, data, id=derive_id(event.id, self._channel.name, kind.__name__), time=now),)

    def _trouble(self, event: Event, outcome: Retry, attempt: Attempt, now: datetime) -> Sequence[Event]:
        """The receiver has not taken the message for long: told once, while it is tried on."""
        data = self._data(event, outcome.reason, attempt).model_copy(update={"final": False})
        return (make(AlertFailed, data, id=trouble_id(event.id, self._channel.name), time=now),)

    def _data(self, event: Event, reason: str, attempt: Attempt) -> AlertData:
        return AlertData(
            model=event.model, channel=self._channel.name, alert=event.id, incident=subject_of(event) or None,
            status=_status(event), reason=reason, attempts=attempt.number, fallback=isinstance(event, AlertFailed),
        )  # fmt: skip


_REPORTS: dict[type[object], type[AlertDelivered | AlertFailed | AlertSuppressed]] = {
    Delivered: AlertDelivered,
    Suppressed: AlertSuppressed,
}


def trouble_id(alert: str, channel: str) -> str:
    """The id of the event that says that a channel has not told an alert for long."""
    return derive_id(alert, channel, "trouble")


def _state(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "delivered"
        case Suppressed():
            return "suppressed"
        case Rejected():
            return "failed"
        case _:
            return "waiting"


def _reason(outcome: Outcome) -> str:
    return outcome.detail if isinstance(outcome, Delivered) else outcome.reason


def _status(event: Event) -> str:
    match event:
        case DriftDetected():
            return "opened"
        case DriftUpdated():
            return "updated"
        case ReviewRequested():
            return "review"
        case ModelRolledBack():
            return "rolled_back"
        case AlertFailed():
            return event.data.status
        case _:
            return "resolved"
