"""Since when: the window in which the metric, or the column that moved most, left its level."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

from duetmind_adaptive.check_report import ChangePoint, CheckReport
from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.drift.series import History, Series
from duetmind_adaptive.stats.change_point import change_point
from duetmind_adaptive.tasks.view import View

CONFIDENCE = 0.9
#: evidence that a step is no chance: twice the log of a likelihood ratio
LEAST_GAIN = 9.0
#: newest windows that are looked at
WINDOWS = 100


def since(view: View, report: CheckReport, history: History) -> CheckReport:
    """Add the change-point of what fell, or else of what moved most; nothing while all is well."""
    del view
    fallen = any(each is not None and each.degraded for each in (report.performance, *report.late))
    if fallen:
        name = next(each for each in (*report.late[-1:], report.performance) if each is not None).reading.name
        series, sign, subject = history.metric_series(), -1.0 if higher_is_better(name) else 1.0, name
    elif report.drifted:
        name = report.drifted[0].name
        series, sign, subject = history.column_series(name), 1.0, f"column:{name}"
    else:
        return report
    return replace(report, since=_found(series, sign, subject))


def _found(series: Series, sign: float, subject: str) -> ChangePoint | None:
    first = max(0, len(series) - WINDOWS)
    step = change_point(sign * series.values[first:], CONFIDENCE)
    if step is None or step.size <= 0 or step.gain < LEAST_GAIN:
        return None
    rows = series.first_rows[first:]
    before = series.ends[first + step.at - 1]  # a window begins where the one before ended
    return ChangePoint(
        subject=subject,
        row=int(rows[step.at]),
        low_row=int(rows[step.low]),
        high_row=int(rows[step.high]),
        at=None if math.isnan(before) else datetime.fromtimestamp(float(before), UTC),
        confidence=CONFIDENCE,
    )
