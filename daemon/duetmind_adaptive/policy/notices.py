"""Whether a message about an incident goes out now, waits, or is not sent: one channel's decision at one moment. Pure.

It is asked when the message is due, not when its event was published, so that it knows what happened in between: who
acknowledged, what was told meanwhile, what is over. Messages about one model are one group: what opens within the group
wait is one message, and the next one that alarms about the model comes no earlier than the group interval after it.

Source: https://prometheus.io/docs/alerting/latest/configuration (group_wait, group_interval, repeat_interval)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from duetmind_adaptive.contracts import Postponed, Suppressed
from duetmind_adaptive.event_data import DriftData
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated, Event, ModelRolledBack, ReviewRequested
from duetmind_adaptive.policy.quiet_hours import QuietHours
from duetmind_adaptive.policy.reasons import Quiet, Reason
from duetmind_adaptive.records import SEVERITIES


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel told last of an incident."""

    at: datetime
    severity: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a message is due."""

    #: severity by id, of the model's incidents that are open
    open: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(dict[str, str]()))
    #: questions that are open
    asked: frozenset[str] = frozenset()
    #: severity at which somebody took it on, by incident
    acknowledged: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(dict[str, str]()))
    #: by incident; what this channel told of the model
    told: Mapping[str, Told] = field(default_factory=lambda: MappingProxyType(dict[str, Told]()))
    silenced_until: datetime | None = None
    #: the receiver said that it wants nothing more
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRules:
    """One channel's manners."""

    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Tell it now, and the incidents of the same model that wait to be told along with it."""

    also: tuple[str, ...] = ()


Notice = Send | Postponed | Suppressed


def judge_notice(event: Event, facts: Facts, rules: NoticeRules, *, since: datetime, now: datetime) -> Notice:
    """Decide on the message of `event`, which has waited since `since`."""
    if facts.gone:
        return Suppressed(Quiet.CHANNEL_GONE)
    if facts.silenced_until is not None and now < facts.silenced_until:
        return Postponed(facts.silenced_until, Quiet.SILENCED)
    needless = _needless(event, facts, since)
    if needless:
        return Suppressed(needless)
    severity = event.data.severity if isinstance(event.data, DriftData) else None
    waits = (
        (since + rules.group_wait if isinstance(event, DriftDetected) else None, Quiet.GROUP_WAIT),
        (_group_told(event, facts, rules.group_interval), Quiet.GROUP_INTERVAL),
        (rules.quiet.until(now, severity) if rules.quiet else None, Quiet.QUIET_HOURS),
    )
    for until, reason in waits:
        if until is not None and now < until:
            return Postponed(until, reason)
    return Send(_along(event, facts))


def _needless(event: Event, facts: Facts, since: datetime) -> Quiet | None:
    """Why nobody needs to hear of it any more."""
    subject = subject_of(event)
    told = facts.told.get(subject)
    match event:
        case ReviewRequested():
            return None if subject in facts.asked else Quiet.ANSWERED
        case ModelRolledBack():
            return None
        case DriftResolved():
            return None if told else Quiet.NEVER_TOLD
        case DriftDetected() if subject in facts.open:
            return Quiet.GROUPED if told and told.at >= since else None
        case DriftUpdated() if subject in facts.open:
            return _old_news(event, facts, told)
        case _:
            return Quiet.OVER


def _old_news(event: DriftUpdated, facts: Facts, told: Told | None) -> Quiet | None:
    """An update is news when it is worse than what was told, or taken on; a repeat unless somebody took it on."""
    taken_on = facts.acknowledged.get(event.data.incident)
    if taken_on is not None and not _worse(event.data.severity, taken_on):
        return Quiet.ACKNOWLEDGED
    repeat = event.data.reason == Reason.STILL_OPEN
    return None if repeat or told is None or _worse(event.data.severity, told.severity) else Quiet.NOT_WORSE


def _worse(severity: str, than: str) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(than)


def _group_told(event: Event, facts: Facts, interval: timedelta) -> datetime | None:
    """When the group may be told of again; questions and ends do not wait, for they calm rather than alarm."""
    if isinstance(event, ReviewRequested | ModelRolledBack | DriftResolved) or not facts.told:
        return None
    return max(told.at for told in facts.told.values()) + interval


def _along(event: Event, facts: Facts) -> tuple[str, ...]:
    """Other open incidents of the model that were not told yet; an end tells of itself only."""
    if not isinstance(event, DriftDetected | DriftUpdated):
        return ()
    return tuple(each for each in facts.open if each != event.data.incident and each not in facts.told)


def subject_of(event: Event) -> str:
    """The incident or question that a message is about."""
    data: Any = event.data
    return getattr(data, "incident", None) or getattr(data, "review", "")
