"""The daemon's own series: rows, metric, answers, seconds, and holes and effect of each column, for hour and day."""

from __future__ import annotations

from dataclasses import replace

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.series import History
from duetmind_adaptive.drift.unusual.look import unusual as out_of_line
from duetmind_adaptive.tasks.view import View


def unusual(view: View, report: CheckReport, history: History) -> CheckReport:
    """Add the series that are out of line, before the odd rows; not those of which drift or a fall is told already."""
    told = {f"effect:{column.name}" for column in report.drifted}
    if report.performance is not None and report.performance.degraded:
        told.add("metric")
    found = out_of_line(history, checks=view.alarm_checks("series"), leave_out=frozenset(told))
    return replace(report, anomalies=(*found, *report.anomalies))
