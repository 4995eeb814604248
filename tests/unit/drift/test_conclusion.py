"""Data and metric join into one report: its kinds, its severity, and when the metric counts as fallen."""

import math

import numpy as np
import pytest

from duetmind_adaptive.drift.performance import CONFIDENCE, TOLERANCE, judge, shortfall
from duetmind_adaptive.drift.severity import Facts, grade
from duetmind_adaptive.drift.verdict import DataVerdict, draft, settle
from duetmind_adaptive.records import SEVERITIES, ColumnReport, Finding, MetricReading, Performance, Window

WINDOW = Window(first_row=1_000, last_row=2_000)
MOVED = ColumnReport(name="a", kind="numeric", drift=True, effect=0.2)
STILL = tuple(ColumnReport(name=f"s{at}", kind="numeric", effect=0.05) for at in range(9))
BROKEN = Finding(code="null_flood", message="a is missing", column="a", breaks=True)


def reading(value: float, error: float = 0.01, name: str = "accuracy") -> MetricReading:
    return MetricReading(name=name, value=value, low=value - error, high=value + error, error=error, rows=1_000)


def fallen(by: float) -> Performance:
    return Performance(window=WINDOW, reading=reading(0.9 - by), reference=reading(0.9), degraded=True)


CALM = DataVerdict(columns=STILL)
DRIFTED = DataVerdict(columns=(MOVED, *STILL))
BREAKING = DataVerdict(columns=STILL, findings=(BROKEN,))


@pytest.mark.parametrize(
    ("data", "performance", "kinds", "severity"),
    [
        (CALM, None, (), "none"),
        (CALM, Performance(window=WINDOW, reading=reading(0.9), reference=reading(0.9)), (), "none"),
        (DRIFTED, None, ("data",), "low"),
        (BREAKING, None, ("data",), "high"),
        (DRIFTED, fallen(0.04), ("data", "model"), "medium"),
        (CALM, fallen(0.1), ("model", "concept"), "high"),
        (CALM, fallen(0.2), ("model", "concept"), "critical"),
        (BREAKING, fallen(0.04), ("data", "model"), "critical"),
    ],
)
def test_kinds_and_severity_follow_from_data_and_metric(data, performance, kinds, severity):
    report = settle(draft(WINDOW, 3, data, performance, ()))
    assert (report.kinds, report.severity, report.drift) == (kinds, severity, bool(kinds))
    assert (report.window, report.version) == (WINDOW, 3)
    assert report.columns == data.columns


def test_a_late_window_that_was_degraded_counts_too():
    report = settle(draft(WINDOW, 1, CALM, None, (fallen(0.1),)))
    assert report.kinds == ("model", "concept")
    assert report.performance is None
    assert len(report.late) == 1


def test_findings_that_break_nothing_are_told_without_drift():
    mild = DataVerdict(columns=STILL, findings=(Finding(code="new_column", message="b is new", column="b"),))
    report = settle(draft(WINDOW, 1, mild, None, ()))
    assert (report.drift, report.severity, len(report.findings)) == (False, "none", 1)


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (Facts(drifted_share=0.25, largest_effect=0.1), "medium"),
        (Facts(drifted_share=0.05, largest_effect=0.3), "medium"),
        (Facts(drifted_share=0.5, largest_effect=0.1), "high"),
        (Facts(broken_share=0.25), "critical"),
        (Facts(fall=0.02), "medium"),
        (Facts(fall=0.05), "high"),
        (Facts(fall=0.15), "critical"),
    ],
)
def test_each_rung_of_the_ladder_holds(facts, severity):
    assert grade(facts) == severity


def test_worse_facts_are_never_graded_milder():
    shares = [0.0, 0.1, 0.25, 0.5, 1.0]
    for broken in shares:
        for fall in (None, 0.0, 0.05, 0.15):
            grades = [SEVERITIES.index(grade(Facts(drifted_share=s, broken_share=broken, fall=fall))) for s in shares]
            assert grades == sorted(grades)


@pytest.mark.parametrize(("name", "worse"), [("accuracy", -1), ("r2", -1), ("rmse", 1), ("log_loss", 1)])
def test_only_a_fall_beyond_tolerance_and_chance_is_degraded(name, worse):
    reference = reading(0.5, 0.01, name)
    limit = TOLERANCE * (1 if worse < 0 else 0.5) + 3.0902 * math.hypot(0.01, 0.02)
    for factor, degraded in ((0.99, False), (1.01, True), (-1.01, False)):
        found = judge(WINDOW, reading(0.5 + worse * factor * limit, 0.02, name), reference)
        assert found.degraded is degraded
        assert math.copysign(1, shortfall(found)) == math.copysign(1, factor)


def test_a_relative_fall_is_counted_on_the_references_scale():
    found = judge(WINDOW, reading(30.0, 0.1, "mae"), reading(20.0, 0.1, "mae"))
    assert found.degraded
    assert math.isclose(shortfall(found), 0.5)


def test_without_a_reference_nothing_is_degraded():
    found = judge(WINDOW, reading(0.1), None)
    assert not found.degraded
    assert shortfall(found) == 0


def test_a_perfect_reference_does_not_break_the_scale():
    perfect = reading(0.0, 0.0, "rmse")
    assert judge(WINDOW, reading(0.5, 0.01, "rmse"), perfect).degraded
    assert shortfall(judge(WINDOW, reading(0.0, 0.0, "rmse"), perfect)) == 0


def test_an_unchanged_model_is_called_degraded_less_than_once_in_a_thousand_checks():
    generator = np.random.default_rng(0)
    reference = reading(0.9, math.sqrt(0.09 / 6_000))
    alarms = 0
    for hits in generator.binomial(1_000, 0.9, 5_000) / 1_000:
        alarms += judge(WINDOW, reading(hits, math.sqrt(0.09 / 1_000)), reference).degraded
    assert alarms / 5_000 <= 1 - CONFIDENCE
