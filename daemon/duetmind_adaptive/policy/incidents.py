"""The life of an incident: opened by enough of the newest checks, updated when it grows, resolved when calm.

Between raised and calm lies what is close to its threshold: it opens nothing and resolves nothing, so that a score that
swings about the threshold is one incident and not one a swing. What is far beyond it opens at once, and so does broken
data, which is a fact and no score.
"""

from __future__ import annotations

from datetime import datetime

from duetmind_adaptive.event_data import CheckData, DriftData
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated, derive_id
from duetmind_adaptive.policy.commands import Emit
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import OpenIncident, Signal
from duetmind_adaptive.records import SEVERITIES, Cause

Told = tuple[Emit, ...]


def judge_cause(
    cause: Cause, signal: Signal, check: CheckData, rules: Rules, *, active: bool, now: datetime
) -> tuple[Signal, Told]:
    """One cause's next state after a check that did (`active`) or did not raise it, and what to tell."""
    signal = _count(signal, rules, active=active, close=cause in check.close)
    incident = signal.incident
    if incident is None:
        plain = cause == "quality" or cause in check.far
        enough = active and (plain or sum(signal.votes) >= rules.opens_after)
        return _open(cause, signal, check, now) if enough else (signal, ())
    if not active:
        return _resolve(cause, signal, incident, check) if signal.calm >= rules.clears_after else (signal, ())
    return _update(cause, signal, check, rules, now=now)


def _count(signal: Signal, rules: Rules, *, active: bool, close: bool) -> Signal:
    votes = (*signal.votes, active)[-rules.opens_within :]
    calm = 0 if active or close else signal.calm + 1
    return signal.model_copy(update={"votes": votes, "calm": calm})


def _open(cause: Cause, signal: Signal, check: CheckData, now: datetime) -> tuple[Signal, Told]:
    incident = OpenIncident(
        id=derive_id("incident", check.model, cause, check.window.first_row, now.isoformat()),
        severity=check.severity,
        kinds=check.kinds,
        opened=now,
        window=check.window,
    )
    told = Emit(DriftDetected, _tell(cause, incident, check, Reason.FIRST))
    return signal.model_copy(update={"incident": incident}), (told,)


def _update(cause: Cause, signal: Signal, check: CheckData, rules: Rules, *, now: datetime) -> tuple[Signal, Told]:
    """Only what got worse is news: a higher severity than ever in this incident, or a new kind; or that it lasts."""
    incident = signal.incident
    if incident is None:
        return signal, ()
    severity = max(incident.severity, check.severity, key=SEVERITIES.index)
    kinds = tuple(dict.fromkeys((*incident.kinds, *check.kinds)))
    same = severity == incident.severity and kinds == incident.kinds
    if same and now - (incident.told or incident.opened) < rules.repeat:
        return signal, ()
    grown = incident.model_copy(update={"severity": severity, "kinds": kinds, "told": now})
    told = Emit(DriftUpdated, _tell(cause, grown, check, Reason.STILL_OPEN if same else Reason.WORSE))
    return signal.model_copy(update={"incident": grown}), (told,)


def _resolve(cause: Cause, signal: Signal, incident: OpenIncident, check: CheckData) -> tuple[Signal, Told]:
    told = Emit(DriftResolved, _tell(cause, incident, check, Reason.CALM))
    return signal.model_copy(update={"incident": None}), (told,)


def _tell(cause: Cause, incident: OpenIncident, check: CheckData, reason: Reason) -> DriftData:
    """The incident as the events carry it: severity and kinds are the incident's, the numbers this check's."""
    performance = check.performance
    return DriftData(
        model=check.model,
        incident=incident.id,
        cause=cause,
        window=check.window,
        drift=check.drift,
        severity=incident.severity,
        kinds=incident.kinds,
        metric=check.metric,
        metric_name=check.metric_name,
        metric_reference=performance.reference if performance else None,
        top=check.top,
        columns=check.columns,
        drifted=check.drifted,
        findings=check.findings,
        more_findings=check.more_findings,
        insights=check.insights,
        version=check.version,
        reason=reason,
        opened=incident.opened,
    )
