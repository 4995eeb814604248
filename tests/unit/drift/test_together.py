"""Columns that change together, and those that only seem to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from duetmind_adaptive.drift.together.encoding import RARE, Encoder
from duetmind_adaptive.drift.together.learned import Learned
from duetmind_adaptive.drift.together.verdict import examine

Floats = NDArray[np.float64]
NAMES = [f"x{place}" for place in range(8)]
ROWS = 1000


def rows_in_time(rng: np.random.Generator, rows: int, alike: float) -> Floats:
    """Correlated columns; each follows its own AR(1) with coefficient `alike`."""
    noise = rng.normal(size=(rows, len(NAMES)))
    for at in range(1, rows):
        noise[at] = alike * noise[at - 1] + np.sqrt(1 - alike**2) * noise[at]
    mixing = np.eye(len(NAMES)) + 0.4 * np.eye(len(NAMES), k=1)
    return noise @ mixing


def in_blocks(rows: Floats) -> list[Floats]:
    return np.split(rows, len(rows) // ROWS)


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_unchanged_windows_alarm_no_more_often_than_alpha_allows(alike: float) -> None:
    rng, alarms, windows, alpha = np.random.default_rng(5), 0, 0, 0.02
    for _ in range(4):
        learned = Learned.of(in_blocks(rows_in_time(rng, 10 * ROWS, alike)))
        for window in in_blocks(rows_in_time(rng, 30 * ROWS, alike)):
            alarms += examine(learned, window, NAMES, alpha=alpha).drift
            windows += 1
    assert binomtest(alarms, windows, alpha, alternative="greater").pvalue > 0.01, f"{alarms} of {windows}"


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_a_correlation_that_changes_alone_is_found_and_named(alike: float) -> None:
    rng = np.random.default_rng(6)
    learned = Learned.of(in_blocks(rows_in_time(rng, 10 * ROWS, alike)))
    window = rows_in_time(rng, ROWS, alike)
    window[:, 7] = window[:, 7].std() * (0.6 * window[:, 0] / window[:, 0].std() + 0.8 * rng.normal(size=ROWS))
    found = examine(learned, window, NAMES, alpha=1e-4)
    assert found.drift
    assert found.reason.startswith("The columns go together differently: x0 and x7 correlate 0.")
    assert found.features[0][0] == "x0 × x7"


def test_a_dependence_without_correlation_is_found_by_the_kernel() -> None:
    rng = np.random.default_rng(7)
    learned = Learned.of(np.split(rng.normal(size=(40 * ROWS, 3)), 10))
    window = rng.normal(size=(4 * ROWS, 3))
    window[:, 1] = np.abs(window[:, 0]) * np.sign(window[:, 1])  # as large as its neighbour, of any sign
    found = examine(learned, window, NAMES[:3], alpha=1e-4)
    assert found.drift
    assert (found.tests["mmd"].p_value or 0.0) < 1e-4


def test_dust_in_a_million_rows_is_no_change() -> None:
    rng = np.random.default_rng(8)
    learned = Learned.of([rng.normal(size=(100_000, 3))])
    window = rng.normal(size=(100_000, 3))
    window[:, 1] += 0.05 * window[:, 0]
    found = examine(learned, window, NAMES[:3], alpha=1e-3)
    assert (found.tests["rank_correlation"].p_value or 0.0) < 1e-6
    assert not found.drift


def test_rare_categories_of_an_unchanged_window_are_not_told_apart_from_the_sample_they_were_counted_in() -> None:
    """A sample's own rows are in the larger categories of it: counting themselves, they would look commoner."""
    rng, names = np.random.default_rng(8), [f"word {place}" for place in range(6)]

    def words(rows: int) -> pa.Table:
        return pa.table({name: [f"w{kind}" for kind in rng.integers(0, 400, rows)] for name in names})

    sample = words(2 * ROWS)
    encoder = Encoder.fit(sample, dict.fromkeys(names, "categorical"), RARE)
    learned = Learned.of([encoder.encode(sample, own=True)])
    found = [examine(learned, encoder.encode(words(ROWS)), names, alpha=0.01) for _ in range(20)]
    assert np.mean([each.auc for each in found]) == pytest.approx(0.5, abs=0.01)
    assert not any(each.drift for each in found)
