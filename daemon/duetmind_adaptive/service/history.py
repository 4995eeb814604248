"""A model's life as one document: each window, what was measured, told and done. Backtest and demo both end with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from duetmind_adaptive.events import (
    CheckCompleted,
    DriftDetected,
    DriftResolved,
    Event,
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainRequested,
    RetrainSuppressed,
    parse_event,
)
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.store.tables import events

#: what a window's `actions` may hold
ACTIONS: dict[type, str] = {
    RetrainRequested: "retrain",
    ModelPromoted: "promoted",
    ModelRejected: "rejected",
    ModelRolledBack: "rolled_back",
}


#: what a window's `story` tells
STORY = (
    DriftDetected, DriftResolved, RetrainRequested, RetrainSuppressed, ModelPromoted, ModelRejected, ModelRolledBack,
)  # fmt: skip
WEEK = 7 * 86_400


@dataclass(slots=True)
class _Stretch:
    """A check and what was told and done until the next one."""

    check: CheckCompleted
    alerts: int = 0
    incident: bool = False
    actions: list[str] = field(default_factory=list[str])
    #: what was told and done, and why, in its order
    story: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


def history(
    conn: Connection,
    model: str,
    *,
    metric: str,
    static: Sequence[float | None],
    seconds: float,
    plain: Mapping[int, float | None] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document of `duetmind backtest --json`.

    Parameters
    ----------
    static
        The first model's metric, window by window.
    plain
        By first row: what windows that no check could judge score.
    """
    stretches = _stretches(_log(conn, model))
    late = dict(plain) | {p.window.first_row: p.metric for s in stretches for p in s.check.data.late}
    windows = [_window(s, late, value) for s, value in zip(stretches, static, strict=True)]
    return {"model": model, "metric": metric, "windows": windows, "summary": _summary(windows, seconds)}


def unmeasured(conn: Connection, model: str) -> dict[int, int]:
    """Windows whose metric no check told, by first row, and the version that served each."""
    checks = [event.data for event in _log(conn, model) if isinstance(event, CheckCompleted)]
    told = {late.window.first_row for check in checks for late in check.late}
    return {
        check.window.first_row: check.version
        for check in checks
        if check.metric is None and check.version is not None and check.window.first_row not in told
    }


def measured_of(conn: Connection, model: str, version: int) -> dict[int, float]:
    """The metric of the windows that a version served, by first row, as far as checks told it."""
    checks = [event.data for event in _log(conn, model) if isinstance(event, CheckCompleted)]
    served = {check.window.first_row for check in checks if check.version == version}
    late = {each.window.first_row: each.metric for check in checks for each in check.late}
    here = {check.window.first_row: check.metric for check in checks if check.metric is not None}
    return {row: metric for row, metric in (late | here).items() if row in served}


def _log(conn: Connection, model: str) -> Iterator[Event]:
    rows = conn.execute(select(events.c.body).where(events.c.model == model).order_by(events.c.seq))
    return (parse_event(body) for (body,) in rows)


def _stretches(log: Iterable[Event]) -> list[_Stretch]:
    """The log, cut at each check; what happened before the first one set the stage and is left out."""
    stretches: list[_Stretch] = []
    open_incidents: set[str] = set()
    for event in log:
        if isinstance(event, CheckCompleted):
            stretches.append(_Stretch(event, incident=bool(open_incidents)))
        elif stretches:
            _note(stretches[-1], event, open_incidents)
    return stretches


def _note(stretch: _Stretch, event: Event, open_incidents: set[str]) -> None:
    if isinstance(event, DriftDetected):
        open_incidents.add(event.data.incident)
        stretch.incident = True
    if isinstance(event, DriftResolved):
        open_incidents.discard(event.data.incident)
    stretch.alerts += isinstance(event, DriftDetected | DriftResolved)
    if isinstance(event, STORY):
        what = event.type.removeprefix("duetmind.").replace(".", " ").replace("_", " ")
        message = getattr(event.data, "message", "")
        stretch.story.append({"what": what, "reason": str(event.data.reason), "message": message})
    action = ACTIONS.get(type(event))
    if action and getattr(event.data, "reason", None) not in {Reason.INITIAL, Reason.FIRST_VERSION}:
        stretch.actions.append(action)


def _window(stretch: _Stretch, late: Mapping[int, float | None], static: float | None) -> dict[str, Any]:
    data = stretch.check.data
    window = data.window
    return {
        "first_row": window.first_row,
        "start": window.start.isoformat() if window.start else None,
        "end": window.end.isoformat() if window.end else None,
        "rows": window.rows,
        "metric": late.get(window.first_row) if data.metric is None else data.metric,
        "metric_static": static,
        "drift": data.drift,
        "severity": data.severity,
        "kinds": list(data.kinds),
        "alerts": stretch.alerts,
        "incident": stretch.incident,
        "actions": stretch.actions,
        "story": stretch.story,
        "version": data.version,
    }


def _summary(windows: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
    def count(action: str) -> int:
        return sum(w["actions"].count(action) for w in windows)

    return {
        "metric": _mean(w["metric"] for w in windows),
        "metric_static": _mean(w["metric_static"] for w in windows),
        "alerts": sum(w["alerts"] for w in windows),
        "retrains": count("retrain"),
        "promotions": count("promoted"),
        "rollbacks": count("rolled_back"),
        "alerts_per_week": _per_week(windows, sum(w["alerts"] for w in windows)),
        "seconds": round(seconds, 3),
    }


def _per_week(windows: Sequence[dict[str, Any]], count: int) -> float | None:
    """So many a week of the history; None where its windows have no times."""
    if not windows or windows[0]["start"] is None or windows[-1]["end"] is None:
        return None
    lasted = datetime.fromisoformat(windows[-1]["end"]) - datetime.fromisoformat(windows[0]["start"])
    return round(count * WEEK / lasted.total_seconds(), 4) if lasted.total_seconds() > 0 else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
