"""A check's report as an event (cut to what moved most) and as the document kept in the store (whole)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Literal

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.event_data import BesideData, CheckData, ColumnEffect, FindingData, PerformanceData, WindowData
from duetmind_adaptive.events import CheckCompleted, source_of
from duetmind_adaptive.records import Performance, Window
from duetmind_adaptive.service.insights import insights

#: columns and findings an event names; the store has them all
TOP = 10


def window_data(window: Window) -> WindowData:
    """A window as events show it."""
    return WindowData(
        first_row=window.first_row, last_row=window.last_row, start=window.start, end=window.end, rows=window.rows
    )


def completed(model: str, metric_name: str | None, report: CheckReport, *, id: str, now: datetime) -> CheckCompleted:
    """The event that tells of a check."""
    performance = report.performance
    moved = [column for column in report.columns if column.drift]
    data = CheckData(
        model=model,
        window=window_data(report.window),
        drift=report.drift,
        severity=report.severity,
        kinds=report.kinds,
        metric=performance.reading.value if performance else None,
        metric_name=metric_name,
        version=report.version,
        performance=_performance(performance) if performance else None,
        late=tuple(map(_performance, report.late)),
        top=tuple(ColumnEffect(column=c.name, kind=c.kind, effect=c.effect, words=c.words) for c in moved[:TOP]),
        columns=len(report.columns),
        drifted=len(moved),
        findings=tuple(
            FindingData(code=f.code, message=f.message, column=f.column, breaks=f.breaks)
            for f in sorted(report.findings, key=lambda f: not f.breaks)[:TOP]
        ),
        more_findings=max(0, len(report.findings) - TOP),
        insights=insights(report),
        beside=BesideData(**asdict(report.beside)) if report.beside else None,
        close=_causes(report, "close"),
        far=_causes(report, "far"),
    )
    return CheckCompleted(id=id, source=source_of(model), time=now, data=data)


def _causes(report: CheckReport, where: Literal["close", "far"]) -> tuple[str, ...]:
    """The causes whose scores are close to their threshold, or far beyond it.

    A relation that changed is told by evidence that adds up over windows: it needs no other check to say so again.
    """
    measured = [each for each in (*report.late, report.performance) if each is not None]
    changed = where == "far" and report.concept is not None and report.concept.drift
    holds = {
        "performance": changed or (bool(measured) and getattr(measured[-1], where)),
        "data": any(getattr(column, where) for column in report.columns),
    }
    return tuple(cause for cause, held in holds.items() if held)


def document(report: CheckReport) -> str:
    """The whole report as JSON; what is not a number is null."""
    return json.dumps(_finite(asdict(report)), default=str, allow_nan=False)


def _performance(performance: Performance) -> PerformanceData:
    reading, reference = performance.reading, performance.reference
    return PerformanceData(
        window=window_data(performance.window),
        metric=reading.value,
        low=reading.low,
        high=reading.high,
        rows=reading.rows,
        reference=reference.value if reference else None,
        degraded=performance.degraded,
    )


def _finite(value: object) -> object:
    match value:
        case dict():
            return {str(key): _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case float() if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            return None
        case _:
            return value
