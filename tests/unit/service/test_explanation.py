"""A fall of the metric as one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from duetmind_adaptive.check_report import ChangePoint, CheckReport, Explained
from duetmind_adaptive.drift.performance import judge
from duetmind_adaptive.drift.verdict import DataVerdict, draft
from duetmind_adaptive.records import MetricReading, Window
from duetmind_adaptive.service.explanation import explanation

WINDOW = Window(first_row=3000, last_row=4000)


def a_reading(value: float) -> MetricReading:
    return MetricReading(name="accuracy", value=value, low=0, high=1, error=0.01, rows=1000)


def a_fall() -> CheckReport:
    fallen = judge(WINDOW, a_reading(0.8), a_reading(0.9))
    return draft(WINDOW, 1, DataVerdict(columns=()), fallen, ())


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert not explanation(a_fall())


def test_a_fall_is_dated_and_goes_with_columns() -> None:
    since = ChangePoint(
        subject="accuracy", row=2000, low_row=1000, high_row=3000, at=datetime(2026, 3, 1, 9, tzinfo=UTC)
    )
    columns = (
        Explained(column="amount", share=0.5, effect=0.4, reliance=0.1),
        Explained(column="site", share=0.3, effect=0.2, reliance=0.1),
        Explained(column="age", share=0.2, effect=0.2, reliance=0.1),
    )
    said = explanation(replace(a_fall(), since=since, explained=columns))
    assert said == (
        "accuracy fell by 0.1 since 2026-03-01 09:00 (rows 1,000 to 3,000); 80% of it goes with amount and site."
    )


def test_a_column_that_moved_without_a_fall_is_dated() -> None:
    since = ChangePoint(subject="column:amount", row=2000, low_row=2000, high_row=2000)
    report = replace(draft(WINDOW, 1, DataVerdict(columns=()), None, ()), since=since)
    assert explanation(report) == "amount moved since row 2,000."
