"""Calm: the verdict on the columns is that of evidence over windows, whose false alarms are as rare as promised.

The tests of the window itself stay in the report; whether a column drifts is decided here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from duetmind_adaptive.check_report import Calm, CheckReport
from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.records import ColumnReport, Window
from duetmind_adaptive.tasks.natural import watch_of
from duetmind_adaptive.tasks.view import View


def calm(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add this window to the evidence and decide which columns drift."""
    watch, checks = watch_of(view.version.folder), view.alarm_checks("columns")
    before = Evidence.from_json(section, watch.size) if section else Evidence.none(watch.size)
    row, moment = view.window.first_row, _middle(view.window)
    evidence = watch.see(before, view.table, row=row, moment=moment, checks=checks)
    verdict = watch.judge(evidence, checks)
    columns = tuple(_decided(column, verdict.moved, view.model.drift_threshold) for column in report.columns)
    found = Calm(
        checks=checks,
        level=verdict.level,
        columns=dict(verdict.levels),
        since_row=min((verdict.moved[each.name] for each in columns if each.drift), default=None),
        seasons=tuple(watch.natural.seasons),
    )
    return replace(report, columns=columns, calm=found), evidence.to_json()


def _decided(column: ColumnReport, moved: dict[str, int], threshold: float) -> ColumnReport:
    drifts = column.untested is None and column.name in moved and column.effect >= threshold
    return replace(column, drift=drifts)


def _middle(window: Window) -> float | None:
    if window.start is None or window.end is None:
        return None
    return (window.start.timestamp() + window.end.timestamp()) / 2
