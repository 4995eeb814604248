"""Which columns of a report drift, decided by evidence over windows instead of by the tests of one window alone."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pyarrow as pa

from duetmind_adaptive.check_report import Calm, CheckReport
from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.calm.watch import Floats, Watch
from duetmind_adaptive.records import ColumnReport


def decide(
    watch: Watch,
    before: Evidence,
    report: CheckReport,
    table: pa.Table,
    *,
    moment: float | None,
    checks: float,
    threshold: float,
    band: tuple[float, float] = (1.0, math.inf),
    clock: Floats | None = None,
) -> tuple[CheckReport, Evidence]:
    """Add a window to the evidence; the report with its columns judged by it, and the evidence after it.

    Parameters
    ----------
    watch
        The columns of the reference.
    before
        The evidence of the windows before.
    report
        What the window's tests say; they stay in it.
    table
        The window's rows.
    moment
        The middle of the window, seconds since 1970; None where rows have no time.
    checks
        False alarms are at most one in so many windows, on average.
    threshold
        Smallest effect that counts as drift, in [0, 1].
    band
        A column that would drift if effect and evidence needed only so much is close to it; one whose effect is so
        many times the threshold, and that this window by itself shows to have moved, is far beyond it.
    clock
        When each row came, in seconds since 1970; None where that is not known.
    """
    means, rows = watch.means(table, clock)
    see = partial(watch.see_means, means=means, rows=rows, row=report.window.first_row, moment=moment, checks=checks)
    evidence = see(before)
    verdict = watch.judge(evidence, checks)
    alone = watch.judge(see(Evidence.none(watch.size)), checks).moved
    nearly = watch.judge(evidence, checks, share=band[0]).moved
    columns = tuple(
        replace(
            column,
            drift=(drifts := _drifts(column, verdict.moved, threshold, checks)),
            close=not drifts and _drifts(column, nearly, band[0] * threshold, checks),
            far=drifts and column.name in alone and column.effect >= band[1] * threshold,
        )
        for column in report.columns
    )
    found = Calm(
        checks=checks,
        level=verdict.level,
        columns=dict(verdict.levels),
        since_row=min(
            (verdict.moved[each.name] for each in columns if each.drift and each.name in verdict.moved), default=None
        ),
        seasons=tuple(watch.natural.seasons),
    )
    return replace(report, columns=columns, calm=found), evidence


def _drifts(column: ColumnReport, moved: dict[str, int], threshold: float, checks: float) -> bool:
    """Of texts only the length is followed over windows: their words and letters are judged by the window alone."""
    alone = column.kind == "text" and _p_adjusted(column) * checks <= 1
    return column.untested is None and (column.name in moved or alone) and column.effect >= threshold


def _p_adjusted(column: ColumnReport) -> float:
    return min((test.p_adjusted for test in column.tests.values() if test.p_adjusted is not None), default=1.0)
