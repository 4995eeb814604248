"""Looking ahead: intervals hold what comes, and nothing is said of what does not move."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.forecast_worlds import FLAT, MOVING, false_predictions, moving_case, series
from duetmind_adaptive.check_report import Forecast
from duetmind_adaptive.drift.forecast.crossing import LEADS, crossing
from duetmind_adaptive.drift.forecast.outlook import column_forecasts, metric_forecast
from duetmind_adaptive.drift.forecast.regime import regime_start
from duetmind_adaptive.drift.forecast.seasons import deseasoned
from duetmind_adaptive.drift.forecast.sentence import sentence
from duetmind_adaptive.drift.series import History, append, fill_late
from duetmind_adaptive.drift.verdict import DataVerdict, draft
from duetmind_adaptive.records import ColumnReport, MetricReading, Performance, Window
from duetmind_adaptive.stats.first_passage import shortest
from duetmind_adaptive.stats.intervals import wilson
from duetmind_adaptive.stats.local_trend import local_trend

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: what most tests ask of the evidence
LEVEL = 3.0


def rising(windows: int = 60, rate: float = 0.1, seed: int = 1) -> np.ndarray:
    return rate * np.arange(windows) + np.random.default_rng(seed).normal(size=windows)


def test_eighty_percent_intervals_hold_seventy_to_ninety_percent_of_what_comes():
    generator = np.random.default_rng(8)
    cases = [case for world in MOVING for _ in range(50) if (case := moving_case(world, generator)) is not None]
    held = sum(case.covered for case in cases)
    assert len(cases) > 150
    assert 0.7 <= held / len(cases) <= 0.9, wilson(held, len(cases))


def test_nothing_is_foretold_of_series_that_stand_more_often_than_is_promised():
    """One in 720 checks of ten series: of 24 histories of 120 windows each, that is less than one."""
    generator = np.random.default_rng(9)
    assert sum(false_predictions(world, generator, windows=120) for world in FLAT for _ in range(4)) <= 1


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(-1e4, 1e4))
def test_units_and_direction_change_nothing(scale: float, shift: float):
    values = rising()
    plain = crossing(series(values), 9.0, falls=False, evidence=LEVEL)
    scaled = crossing(series(scale * values + shift), scale * 9.0 + shift, falls=False, evidence=LEVEL)
    turned = crossing(series(-values), -9.0, falls=True, evidence=LEVEL)
    assert plain is not None
    assert scaled is not None
    assert turned is not None
    assert scaled.passage == pytest.approx(plain.passage, abs=1)
    assert turned.passage == plain.passage


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.5, 1.0))
def test_the_shortest_interval_holds_its_share_and_no_central_one_is_shorter(values: list[float], share: float):
    drawn = np.array(values)
    low, high = shortest(drawn, share)
    assert np.mean((low <= drawn) & (drawn <= high)) >= share
    ends = np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2], method="inverted_cdf")
    assert high - low <= ends[1] - drawn[drawn <= ends[0]].min() + 1e-12


def test_a_crossing_that_has_happened_or_lies_the_other_way_is_none():
    assert crossing(series(rising()), 3.0, falls=False, evidence=LEVEL) is None
    assert crossing(series(rising()), -3.0, falls=True, evidence=LEVEL) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_trend_that_has_come_to_rest_foretells_nothing_though_the_history_shows_it(seed: int):
    values = 0.2 * np.minimum(np.arange(100), 40) + np.random.default_rng(seed).normal(size=100)
    trend = local_trend(values, np.ones(99))
    assert trend.evidence > LEVEL
    assert trend.rising < LEADS
    assert local_trend(values[:40], np.ones(39)).rising > LEADS
    assert crossing(series(values), 9.5, falls=False, evidence=LEVEL) is None


def test_a_limit_far_beyond_what_the_history_shows_is_not_within_the_horizon():
    found = crossing(series(rising()), 500.0, falls=False, evidence=LEVEL)
    assert found is not None
    assert math.isinf(found.passage.median)
    assert math.isinf(found.passage.low)


def test_single_windows_out_of_line_change_a_forecast_by_little():
    values = rising(seed=3)
    struck = values.copy()
    struck[[20, 41, 55]] += (30.0, -30.0, 30.0)
    plain = crossing(series(values), 9.0, falls=False, evidence=LEVEL)
    beside = crossing(series(struck), 9.0, falls=False, evidence=LEVEL)
    assert plain is not None
    assert beside is not None
    assert beside.passage.median == pytest.approx(plain.passage.median, rel=0.3)


def test_a_step_restarts_the_history():
    values = rising(80, 0.3, seed=4)
    values[:40] += 40.0
    assert regime_start(values) == 40
    found = crossing(series(values), 27.0, falls=False, evidence=LEVEL)
    alone = crossing(series(values[40:]), 27.0, falls=False, evidence=LEVEL)
    assert found is not None
    assert alone is not None
    assert found.passage == alone.passage


def test_time_is_that_of_the_windows_and_not_their_number():
    """Windows of the second half take twice as long, and the level rises by the hour."""
    hours = np.cumsum(np.where(np.arange(80) < 40, 1.0, 2.0))  # 120 in all
    noise = np.random.default_rng(5).normal(size=80)
    found = crossing(replace(series(0.1 * hours + noise), ends=3_600 * hours), 15.0, falls=False, evidence=LEVEL)
    assert found is not None
    low, high = (found.now + steps * found.unit for steps in (found.passage.low, found.passage.high))
    assert low - 3_600 * 10 <= 3_600 * 150 <= high + 3_600 * 10


def test_the_hour_of_the_day_is_no_trend_and_hides_none():
    hours = 3_600.0 * np.arange(24 * 12)
    wave = 3 * np.sin(2 * np.pi * np.arange(24 * 12) / 24)
    noise = 0.3 * np.random.default_rng(6).normal(size=24 * 12)
    assert np.abs(deseasoned(wave + noise, hours).values - noise).mean() < 0.3
    assert crossing(series(wave + noise), 5.0, falls=False, evidence=LEVEL) is None
    found = crossing(series(wave + noise + 0.02 * np.arange(24 * 12)), 7.0, falls=False, evidence=LEVEL)
    assert found is not None
    assert found.passage.low <= 62 + 10
    assert found.passage.high >= 62 - 10


def history_of(effects: np.ndarray, metrics: np.ndarray | None = None, *, late: int = 0) -> History:
    """Hourly windows of one column `x`; the labels of the last `late` ones are not in."""
    history = History()
    for number, effect in enumerate(effects):
        window = Window(
            first_row=1000 * number,
            last_row=1000 * (number + 1),
            start=START + number * HOUR,
            end=START + (number + 1) * HOUR,
        )
        columns = (ColumnReport(name="x", kind="numeric", effect=float(effect)),)
        history = append(history, draft(window, 1, DataVerdict(columns=columns), None, ()))
        if metrics is not None and number < effects.size - late:
            value = float(metrics[number])
            reading = MetricReading(name="accuracy", value=value, low=0, high=1, error=0.01, rows=1000)
            history = fill_late(history, [Performance(window=window, reading=reading)])
    return history


def newest(history: History) -> Window:
    return Window(
        first_row=int(history.first_rows[-1]),
        last_row=int(history.last_rows[-1]),
        end=datetime.fromtimestamp(float(history.ends[-1]), UTC),
    )


def test_a_columns_drift_is_foretold_in_a_sentence_unless_it_drifts_already():
    effects = 0.02 + 0.001 * np.arange(50) + 0.003 * np.random.default_rng(7).normal(size=50)
    history = history_of(effects)
    told = column_forecasts(history, newest(history), threshold=0.1, checks=720, leave_out=frozenset())
    assert [each.subject for each in told] == ["column:x"]
    assert told[0].low is not None
    assert told[0].high is not None
    assert told[0].low - 3 <= 30 <= told[0].high + 3
    assert told[0].sentence.startswith("At this rate the drift of 'x' rises above 0.1 between ")
    assert column_forecasts(history, newest(history), threshold=0.1, checks=720, leave_out=frozenset({"x"})) == ()


def test_windows_and_moments_count_from_now_where_labels_come_late():
    metrics = 0.9 - 0.001 * np.arange(60) + 0.002 * np.random.default_rng(8).normal(size=60)
    effects = np.full(60, 0.02)
    on_time, late = (history_of(effects[: 50 + by], metrics[: 50 + by], late=by) for by in (0, 10))
    told = [
        metric_forecast(each, newest(each), "accuracy", threshold=0.82, falls=True, checks=720)
        for each in (on_time, late)
    ]
    assert told[0] is not None
    assert told[1] is not None
    assert told[0].at == told[1].at
    assert told[0].windows == pytest.approx((told[1].windows or 0.0) + 10)


def foretold(**changes: object) -> Forecast:
    return replace(
        Forecast(subject="rmse", value=2.0, threshold=2.5, windows=10, low=8, high=14, horizon=60), **changes
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "At this rate the rmse rises above 2.5 within 8 to 14 windows."),
        (
            {"high": None},
            "At this rate the rmse rises above 2.5 in 8 windows at the earliest, or after more than 60 windows.",
        ),
        (
            {"windows": None, "high": None},
            "At this rate the rmse rises above 2.5 in 8 windows at the earliest, and perhaps not within 60 windows.",
        ),
    ],
)
def test_a_forecast_without_times_is_told_in_windows(changes: dict[str, object], said: str):
    assert sentence(foretold(**changes), falls=False, now=None) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (2, 9, "between 03:00 and 10:00 on 1 November"),
        (20, 30, "between 1 November 21:00 and 2 November 07:00"),
        (48, 24 * 9, "between 3 and 10 November"),
        (24 * 20, 24 * 70, "between 21 November and 10 January 2027"),
    ],
)
def test_moments_are_told_as_people_tell_them(low: int, high: int, said: str):
    now = START + HOUR
    told = foretold(low_at=now + low * HOUR, high_at=now + high * HOUR, at=now + low * HOUR)
    assert sentence(told, falls=True, now=now) == f"At this rate the rmse falls below 2.5 {said}."
