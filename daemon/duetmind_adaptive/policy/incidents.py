"""The life of an incident: opened after enough hot checks in a row, updated when it grows, resolved when calm."""

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
    signal = _count(signal, active=active)
    incident = signal.incident
    if incident is None:
        return _open(cause, signal, check, now) if signal.hot >= rules.opens_after else (signal, ())
    if not active:
        return _resolve(cause, signal, incident, check) if signal.calm >= rules.clears_after else (signal, ())
    return _update(cause, signal, check, rules, now=now)


def _count(signal: Signal, *, active: bool) -> Signal:
    counts = {"hot": signal.hot + 1, "calm": 0} if active else {"hot": 0, "calm": signal.calm + 1}
    return signal.model_copy(update=counts)


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
