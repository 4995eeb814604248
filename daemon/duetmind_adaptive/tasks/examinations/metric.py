"""Metric: falls that no window proves by itself, by evidence over the windows whose labels are in.

Each window was judged alone already; the newest of them is called degraded here where all of them together say so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.metric_evidence import MetricEvidence
from duetmind_adaptive.drift.performance import window_error
from duetmind_adaptive.records import Performance
from duetmind_adaptive.tasks.view import View, middle

#: a window by itself, and all of them together, share the metric's part of the promise
METRIC_TESTS = 2


def metric(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add the windows whose labels came in to the evidence; those of other versions say nothing of this one."""
    evidence, checks = MetricEvidence.from_section(section), METRIC_TESTS * view.alarm_checks("metric")
    newest: Performance | None = None
    for each in _measured(view, report):
        if each.reference is None:
            continue
        usual = view.habits.of_metric(each.reading.rows, middle(each.window))
        error = window_error(each.reading, each.reference, usual.variance)
        evidence = evidence.update(each.reading, each.reference, error=error, checks=checks, expected=usual.expected)
        below, at = (evidence.fallen(each.reference, checks=checks, share=share) for share in view.model.band)
        degraded = each.degraded or evidence.fallen(each.reference, checks=checks)
        newest = replace(each, degraded=degraded, close=(each.close or below) and not degraded, far=each.far or at)
    return _with(report, newest), evidence.to_section()


def _measured(view: View, report: CheckReport) -> list[Performance]:
    """Of the version that serves, in the order of their rows."""
    late = sorted(report.late, key=lambda each: each.window.first_row)
    every = [*late, *([report.performance] if report.performance else [])]
    return [each for each in every if each.reference is not None and each.reference == view.version.baseline]


def _with(report: CheckReport, newest: Performance | None) -> CheckReport:
    if newest is None:
        return report
    if report.performance is not None and report.performance.window == newest.window:
        return replace(report, performance=newest)
    late = tuple(newest if each.window == newest.window else each for each in report.late)
    return replace(report, late=late)
