"""Frames hold stranger values than files; what is a number or a moment is compared as one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from duetmind_adaptive.errors import SourceError
from duetmind_adaptive.records import ColumnReport
from duetmind_adaptive.tasks.compare import compare

ROWS = 400
ZONES = [ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), None]


def column(values: Callable[[np.random.Generator], Any]) -> ColumnReport:
    """What is found of one column whose values come from the same source on both sides."""
    frames = (pd.DataFrame({"x": values(np.random.default_rng(seed))}) for seed in (1, 2))
    return compare(*frames).report.columns[0]


def objects(make: Callable[[int], object]) -> Callable[[np.random.Generator], Any]:
    return lambda random: pd.Series([make(int(number)) for number in random.integers(0, 1_000, ROWS)], dtype=object)


@pytest.mark.parametrize(
    "values",
    [
        objects(lambda number: Decimal(number) / 100),
        objects(lambda number: Decimal("NaN") if number < 100 else Decimal("-Infinity") if number < 200 else number),
        objects(lambda number: Decimal(number) if number % 2 else float(number)),
        objects(lambda number: Decimal(10) ** (number % 200)),
        objects(lambda number: number * 10**20),
        objects(lambda number: -(10**400) if number < 100 else number),
        objects(lambda number: pd.NA if number < 100 else number * 10**20),
        objects(lambda number: Fraction(number, 7)),
        lambda random: random.normal(size=ROWS).astype(np.longdouble),
        lambda random: random.normal(size=ROWS).astype(np.float16),
        lambda random: random.integers(2**63, 2**64 - 1, ROWS, dtype=np.uint64),
        lambda random: pd.arrays.SparseArray(random.integers(0, 3, ROWS)),
        lambda random: pd.to_timedelta(random.integers(0, 10**6, ROWS), unit="s"),
        lambda random: pa.array(random.integers(0, 10**6, ROWS)).cast(pa.time64("us")).to_pylist(),
    ],
)
def test_numbers_are_numbers_however_they_are_held(values) -> None:
    found = column(values)
    assert (found.kind, found.untested, found.drift) == ("numeric", None, False)


def test_moments_of_several_zones_in_one_column_are_moments() -> None:
    found = column(objects(lambda number: datetime.fromtimestamp(10**9 + number * 60, ZONES[number % 3])))
    assert (found.kind, found.untested, found.drift) == ("datetime", None, False)


def test_zones_that_change_are_no_drift() -> None:
    moments = pd.Series(pd.Timestamp(10**9, unit="s", tz=UTC) + pd.to_timedelta(np.arange(ROWS) * 977 % 9973, unit="m"))
    before = pd.DataFrame({"at": moments.dt.tz_convert("Asia/Tokyo")})
    after = pd.DataFrame({"at": moments.dt.tz_convert("America/Lima")})
    assert not compare(before, after).report.drift


@pytest.mark.parametrize("values", [objects(lambda number: number if number % 2 else "a"), objects(complex)])
def test_what_is_of_mixed_types_or_no_number_is_untested(values) -> None:
    assert column(values).untested == "its values are of mixed types (in the reference)"


def test_infinite_values_are_counted_and_the_others_compared() -> None:
    def part(seed: int, shift: float) -> pa.Table:
        values = np.random.default_rng(seed).normal(shift, size=1_000)
        return pa.table({"x": np.where(np.arange(1_000) % 10 == 0, np.inf, values)})

    assert not compare(part(1, 0), part(2, 0)).report.drift
    moved = compare(part(1, 0), part(2, 1)).report.columns[0]
    assert (moved.drift, 0.2 < moved.effect < 0.45) == (True, True)


def test_missing_values_are_the_same_as_null_and_as_not_a_number() -> None:
    values = np.where(np.arange(600) % 5 == 0, np.nan, np.random.default_rng(1).normal(size=600))
    nulls = pa.array(values, from_pandas=True)
    assert nulls.null_count == 120
    assert not compare(pa.table({"x": values}), pa.table({"x": nulls})).report.drift


def test_both_zeros_are_one_value() -> None:
    before, after = ({"x": np.where(np.arange(200) % 2, zero, 1.0)} for zero in (0.0, -0.0))
    assert not compare(pa.table(before), pa.table(after)).report.drift


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e160, 1.7e308])
def test_numbers_at_the_ends_of_what_a_float_holds_are_compared_without_a_warning(unit: float) -> None:
    values = np.clip(np.random.default_rng(1).normal(size=800), -0.9, 0.9) * unit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare(pa.table({"x": values[:400]}), pa.table({"x": values[400:] / 3}))
    assert found.report.columns[0].drift


def test_categories_in_another_order_are_the_same() -> None:
    words = np.random.default_rng(1).choice(list("abc"), 500)
    before, after = (pd.DataFrame({"x": pd.Categorical(words, categories=list(order))}) for order in ("abc", "cba"))
    assert compare(before, after).report.columns[0].effect == 0


@pytest.mark.parametrize("frame", [pd.Series(range(9)), np.zeros((9, 2)), [{"x": 1}], "a.parquet", None])
def test_what_is_no_frame_gets_one_sentence(frame: object) -> None:
    with pytest.raises(
        SourceError, match=r"^the reference is a \w+, not a frame; give a pandas, Arrow or Polars frame"
    ):
        compare(frame, pa.table({"x": range(9)}))


@pytest.mark.parametrize("categories", [300, 3_000, 300_000])
def test_many_categories_that_come_by_chance_are_no_change_of_the_columns_together(categories: int) -> None:
    def part(seed: int) -> pa.Table:
        random = np.random.default_rng(seed)
        names = [f"user {number}" for number in random.integers(0, categories, 20_000)]
        return pa.table({"user": pa.array(names).dictionary_encode(), "x": random.normal(size=20_000)})

    found = compare(part(1), part(2))
    assert not found.report.drift
    assert found.report.multivariate is not None
    assert (found.report.multivariate.auc or 0.5) < 0.55
