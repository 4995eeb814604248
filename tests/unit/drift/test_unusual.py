"""The daemon's own series: what is out of line for its hour and day is told, and hardly ever anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.budget import SHARES, alarm_checks
from duetmind_adaptive.drift.series import History, append
from duetmind_adaptive.drift.unusual.look import unusual
from duetmind_adaptive.records import ColumnReport, MetricReading, Performance, Window
from duetmind_adaptive.stats.outlying import FEWEST, outlying

Generator = np.random.Generator
#: a Monday
START = datetime(2026, 6, 1, tzinfo=UTC)
CHECKS = alarm_checks(30 * 86_400, 3_600, "series")
NONE = frozenset[str]()


def dependent(generator: Generator, correlation: float) -> Callable[[int], np.ndarray]:
    def draw(count: int) -> np.ndarray:
        values = generator.normal(size=count)
        for at in range(1, count):
            values[at] = correlation * values[at - 1] + (1 - correlation**2) ** 0.5 * values[at]
        return values

    return draw


def test_distances_are_as_rare_as_they_are_said_to_be_whatever_the_noise():
    generator = np.random.default_rng(1)
    worlds: dict[str, Callable[[int], np.ndarray]] = {
        "white": lambda count: generator.normal(size=count),
        "AR(1) 0.6": dependent(generator, 0.6),
        "AR(1) 0.95": dependent(generator, 0.95),
        "heavy tails": lambda count: generator.standard_t(3, size=count),
        "skewed": lambda count: np.exp(generator.normal(size=count)),
        "wandering": lambda count: np.cumsum(generator.normal(size=count)),
    }
    for name, draw in worlds.items():
        series = [draw(300) for _ in range(15)]
        found = [outlying(values[:newest]) for values in series for newest in range(60, 300, 3)]
        rarity = np.array([each.p_value for each in found if each is not None])
        assert (rarity < 0.01).mean() < 0.02, name
        assert (rarity < 1e-5).sum() == 0, name


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(-1e4, 1e4), st.floats(-50, 50))
def test_units_change_nothing_and_sides_are_alike(scale: float, shift: float, newest: float):
    values = np.append(np.random.default_rng(2).normal(size=80), newest)
    plain, scaled, turned = outlying(values), outlying(scale * values + shift), outlying(-values)
    assert plain is not None
    assert scaled is not None
    assert turned is not None
    assert scaled.z == pytest.approx(plain.z, rel=1e-6, abs=1e-6)
    assert turned.z == pytest.approx(-plain.z)
    assert turned.p_value == pytest.approx(plain.p_value)


def test_few_values_say_nothing_and_values_all_alike_are_judged_by_the_least_that_counts():
    assert outlying(np.arange(float(FEWEST))) is None
    alike = np.append(np.full(100, 5.0), 5.01)
    assert outlying(alike) is None
    found = outlying(alike, least=0.1)
    assert found is not None
    assert found.p_value > 0.5


def windows(rows: list[int], hours: int = 1) -> History:
    history, first = History(), 0
    for number, count in enumerate(rows):
        end = START + timedelta(hours=hours * (number + 1))
        window = Window(first_row=first, last_row=first + count, start=end - timedelta(hours=hours), end=end)
        report = CheckReport(window=window, version=1, drift=False, severity="none", kinds=())
        history, first = append(history, report), first + count
    return history


def busy(hours: int, seed: int = 3) -> list[int]:
    """A thousand rows an hour by day, a hundred at night and at weekends."""
    generator = np.random.default_rng(seed)
    at = [START + timedelta(hours=hour) for hour in range(hours)]
    usual = [1_000 if 8 <= moment.hour < 20 else 100 for moment in at]
    return [int(each) for each in generator.poisson(usual)]


def test_a_night_is_no_loss_of_rows_and_a_day_as_empty_as_a_night_is():
    rows = busy(24 * 12 + 12)
    night = windows([*rows, 104][: 24 * 12 + 2])
    day = windows([*rows[: 24 * 12 + 10], 104])
    assert unusual(night, checks=CHECKS, leave_out=NONE) == ()
    told = unusual(day, checks=CHECKS, leave_out=NONE)
    assert [each.subject for each in told] == ["rows"]
    assert told[0].reason.startswith("this window has 104 rows; windows at this hour had ")
    assert told[0].low is not None
    assert told[0].high is not None
    assert 800 < told[0].low < 1_000 < told[0].high < 1_200


def test_all_series_together_keep_the_promise_while_nothing_changes():
    """Of 4 models with 10 columns, 120 checks each: asked for 1 in 100, more than 9 would come 3 times in 100."""
    generator = np.random.default_rng(4)
    often = seldom = 0
    for _ in range(4):
        history = History()
        for number in range(170):
            columns = tuple(
                ColumnReport(
                    name=f"x{at}",
                    kind="numeric",
                    effect=float(max(generator.normal(0.02, 0.02), 0.0)),
                    missing_current=float(generator.binomial(1_000, 0.01) / 1_000),
                )
                for at in range(10)
            )
            report = checked(number, columns, metric=float(generator.normal(0.9, 0.01)))
            history = append(history, report, answers=generator.normal(0.3, 0.01), seconds=generator.gamma(9, 0.02))
            if number >= 50 and unusual(history, checks=100, leave_out=NONE):
                often += 1
                seldom += bool(unusual(history, checks=CHECKS, leave_out=NONE))
    assert often <= 9
    assert seldom == 0


def checked(number: int, columns: tuple[ColumnReport, ...], metric: float | None = None) -> CheckReport:
    window = Window(first_row=1_000 * number, last_row=1_000 * (number + 1), end=START + timedelta(hours=number))
    reading = None if metric is None else MetricReading(name="f1", value=metric, low=0, high=1, error=0.01, rows=1_000)
    performance = None if reading is None else Performance(window=window, reading=reading)
    plain = CheckReport(window=window, version=1, drift=False, severity="none", kinds=())
    return replace(plain, columns=columns, performance=performance)


def test_every_series_is_told_that_is_out_of_line_and_none_of_which_worse_is_told():
    generator = np.random.default_rng(5)
    history = History()
    for number in range(301):
        last = number == 300
        column = ColumnReport(
            name="age",
            kind="numeric",
            effect=0.9 if last else float(generator.uniform(0.01, 0.03)),
            missing_current=0.9 if last else float(generator.binomial(1_000, 0.02) / 1_000),
        )
        metric = 0.1 if last else float(generator.normal(0.9, 0.01))
        history = append(
            history,
            checked(number, (column,), metric),
            answers=7.0 if last else float(generator.normal(0.3, 0.01)),
            seconds=1e6 if last else float(generator.uniform(0.2, 0.3)),
        )
    told = {each.subject: each.reason for each in unusual(history, checks=CHECKS, leave_out=NONE)}
    assert set(told) == {"metric", "answers", "seconds", "missing:age", "effect:age"}
    assert told["missing:age"].startswith("90% of 'age' is missing in this window; windows before had ")
    left = unusual(history, checks=CHECKS, leave_out=frozenset({"metric", "effect:age"}))
    assert {each.subject for each in left} == {"answers", "seconds", "missing:age"}


def test_what_an_older_program_remembered_is_read_and_goes_on():
    section = windows(busy(60)).to_section()
    del section["answers"], section["seconds"]
    history = History.from_section(section)
    assert np.isnan(history.answers).all()
    assert len(append(history, checked(10_000, ()), answers=0.5, seconds=1.0).answers_series()) == 1


def test_the_shares_of_the_promise_add_up_to_the_whole():
    assert sum(SHARES.values()) == pytest.approx(1.0)
