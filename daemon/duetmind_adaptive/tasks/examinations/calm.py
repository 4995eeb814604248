"""Calm: the verdict on the columns is that of evidence over windows, whose false alarms are as rare as promised.

The tests of the window itself stay in the report; whether a column drifts is decided here.
"""

from __future__ import annotations

from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.calm.verdict import decide
from duetmind_adaptive.tasks.natural import watch_of
from duetmind_adaptive.tasks.view import View, middle


def calm(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add this window to the evidence and decide which columns drift."""
    watch = watch_of(view.version.folder)
    report, evidence = decide(
        watch,
        Evidence.from_json(section, watch.size) if section else Evidence.none(watch.size),
        report,
        view.table,
        moment=middle(view.window),
        checks=view.alarm_checks("columns"),
        threshold=view.model.drift_threshold,
        band=view.model.band,
        clock=view.clock,
    )
    return report, evidence.to_json()
