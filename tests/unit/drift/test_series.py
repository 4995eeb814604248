"""The history of a model's windows: bounded, whole after a restart, and of the version that serves."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from duetmind_adaptive.drift.series import COLUMNS, WINDOWS, History, append, fill_late
from duetmind_adaptive.drift.verdict import DataVerdict, draft
from duetmind_adaptive.records import ColumnReport, MetricReading, Performance, Window

START = datetime(2026, 1, 1, tzinfo=UTC)


def window(number: int, rows: int = 1000) -> Window:
    return Window(first_row=number * rows, last_row=(number + 1) * rows, end=START + timedelta(hours=number))


def performance(number: int, value: float) -> Performance:
    reading = MetricReading(name="accuracy", value=value, low=0, high=1, error=0.01, rows=1000)
    return Performance(window=window(number), reading=reading)


def report(number: int, effects: dict[str, float], *, version: int = 1, metric: float | None = None):
    columns = tuple(
        ColumnReport(name=name, kind="numeric", effect=effect, missing_current=effect / 10)
        for name, effect in effects.items()
    )
    measured = None if metric is None else performance(number, metric)
    return draft(window(number), version, DataVerdict(columns=columns), measured, ())


def stored(history: History) -> str:
    return json.dumps(history.to_section(), allow_nan=False)


def test_what_was_stored_is_read_back_whole():
    history = History()
    for number in range(5):
        history = append(history, report(number, {"x": number / 10, "y": 0.5}, metric=0.9 - number / 100))
    again = History.from_section(json.loads(stored(history)))
    assert stored(again) == stored(history)
    assert np.allclose(again.column_series("x").values, np.arange(5) / 10, atol=0.003)
    assert again.metric_series().values.tolist() == [0.9 - number / 100 for number in range(5)]
    assert again.metric_series().ends.tolist() == [(START + timedelta(hours=n)).timestamp() for n in range(5)]
    assert again.volume_series().values.tolist() == [1000.0] * 5


@pytest.mark.parametrize(("windows", "columns", "bound"), [(10_000, 5, 14_000), (450, 50, 48_000)])
def test_the_section_stays_under_its_bound_however_many_windows_come(windows, columns, bound):
    generator = np.random.default_rng(1)
    held, largest = History(), 0
    for number in range(windows):
        effects = {f"column_{at}": float(value) for at, value in enumerate(generator.gamma(9, 0.003, columns))}
        held = append(held, report(number, effects, metric=float(generator.normal(0.9, 0.01))))
        if number % 50 == 49:
            held = History.from_section(json.loads(stored(held)))
            largest = max(largest, len(stored(held)))
    assert len(held) == WINDOWS
    assert held.first_rows[-1] == (windows - 1) * 1000
    assert largest <= bound


def test_of_wide_data_the_columns_that_moved_most_are_kept():
    effects = {f"column_{at}": at / 10_000 for at in range(1_000)}
    history = append(append(History(), report(0, effects)), report(1, effects))
    assert len(history.columns) == COLUMNS
    assert set(history.columns) > {f"column_{at}" for at in range(1_000 - COLUMNS + 20, 1_000)}
    assert len(history.column_series("column_999")) == 2
    assert len(history.column_series("column_0")) == 0


def test_late_labels_fill_in_the_window_they_belong_to():
    history = append(append(History(), report(0, {"x": 0.0})), report(1, {"x": 0.0}))
    assert len(history.metric_series()) == 0
    history = fill_late(history, [performance(0, 0.8), performance(77, 0.1)])
    assert history.metric_series().values.tolist() == [0.8]
    assert history.metric_series().first_rows.tolist() == [0]


def test_effects_and_metric_are_those_of_the_version_that_serves_and_volume_is_of_all():
    history = append(History(), report(0, {"x": 0.3}, version=1, metric=0.7))
    history = append(history, report(1, {"x": 0.1}, version=2, metric=0.9))
    assert history.column_series("x").first_rows.tolist() == [1000]
    assert history.metric_series().values.tolist() == [0.9]
    assert len(history.volume_series()) == len(history.missing_series("x")) == 2


def test_a_source_that_is_read_anew_leaves_no_second_copy_of_its_windows():
    history = History()
    for number in (0, 1, 2, 1):
        history = append(history, report(number, {"x": number / 10}))
    assert history.first_rows.tolist() == [0, 1000]


def test_a_column_that_comes_later_is_unknown_before_and_one_that_cannot_be_tested_has_no_effect():
    history = append(append(History(), report(0, {"x": 0.1})), report(1, {"x": 0.1, "y": 0.2}))
    assert history.column_series("y").first_rows.tolist() == [1000]
    untested = (ColumnReport(name="x", kind="numeric", missing_current=1.0, untested="all missing"),)
    history = append(history, draft(window(2), 1, DataVerdict(columns=untested), None, ()))
    assert history.column_series("x").first_rows.tolist() == [0, 1000]
    assert history.missing_series("x").values[-1] == 1.0


@pytest.mark.parametrize("effect", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_a_stored_share_is_off_by_less_than_chance(effect):
    held = append(History(), report(0, {"x": effect})).column_series("x").values[0]
    assert abs(held - effect) <= 0.004 * np.sqrt(effect)
