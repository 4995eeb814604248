"""Metrics that a caller states: how often they alarm while nothing changes, and how soon when something does."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from duetmind_adaptive.drift.budget import alarm_checks
from duetmind_adaptive.drift.metrics import metric_value
from duetmind_adaptive.records import MetricReading, Performance, Window
from duetmind_adaptive.stats.stated_error import stated_error
from duetmind_adaptive.tasks.stated import stated_performances, worst

REFERENCE_ROWS, ROWS, RIGHT = 5_000, 500, 0.9
#: the promise of one alarm in thirty days, checked hourly
CHECKS = alarm_checks(30 * 86_400, 3_600, "metric")


def reading(name: str, value: float, rows: int) -> MetricReading:
    return MetricReading(name=name, value=value, low=0, high=1, error=stated_error(name, value, rows), rows=rows)


def measured(rng: np.random.Generator, right: float, rows: int) -> tuple[MetricReading, ...]:
    """Two metrics of the same answers, of which this share is right."""
    truth = rng.integers(0, 2, rows)
    given = np.where(rng.random(rows) < right, truth, 1 - truth)
    return tuple(reading(name, metric_value(name, "binary", truth, given), rows) for name in ("accuracy", "f1"))


def view(baselines: tuple[MetricReading, ...]) -> Any:
    window = Window(first_row=0, last_row=ROWS)
    return SimpleNamespace(model=SimpleNamespace(baselines=baselines), window=window, alarm_checks=lambda _part: CHECKS)


def alarms(rng: np.random.Generator, right: float, windows: int) -> int:
    """Windows that are called degraded, against a baseline that is itself measured."""
    return sum(
        any(each.degraded for each in stated_performances(view(measured(rng, RIGHT, REFERENCE_ROWS)), stated))
        for stated in (measured(rng, right, ROWS) for _ in range(windows))
    )


def test_while_nothing_changes_windows_alarm_no_more_often_than_is_promised() -> None:
    windows = 2_000
    # expected are at most 0.25 alarms; more than 3 come less than once in 5,000 times
    assert alarms(np.random.default_rng(5), RIGHT, windows) <= 3


def test_a_fall_of_fifteen_hundredths_is_found_in_nearly_every_window() -> None:
    assert alarms(np.random.default_rng(6), RIGHT - 0.15, 200) >= 195


def test_what_has_no_baseline_is_left_out_and_the_furthest_fall_stands_for_all() -> None:
    here = view((reading("accuracy", 0.9, REFERENCE_ROWS), reading("roc_auc", 0.95, REFERENCE_ROWS)))
    stated = (reading("accuracy", 0.75, ROWS), reading("roc_auc", 0.7, ROWS), reading("f1", 0.1, ROWS))
    found = stated_performances(here, stated)
    told: Performance | None = worst(found)
    assert [each.reading.name for each in found] == ["accuracy", "roc_auc"]
    assert told is not None
    assert told.reading.name == "roc_auc"
