"""Answers, scores and parts of the rows: what moved is found, what did not is left alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import binomtest

from duetmind_adaptive.drift.estimation.design import fit_binning
from duetmind_adaptive.drift.model_drift import answers_moved, calibration_moved
from duetmind_adaptive.drift.segments import HeldOut, segments

Floats = NDArray[np.float64]
ROWS, REPEATS, ALPHA = 1000, 150, 0.05


def in_time(rng: np.random.Generator, rows: int, alike: float) -> Floats:
    noise = rng.normal(size=rows)
    noise[1:] *= np.sqrt(1 - alike**2)
    return np.asarray(lfilter([1.0], [1.0, -alike], noise), dtype=np.float64)


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_answers_that_did_not_move_are_told_no_more_often_than_alpha(alike: float) -> None:
    rng = np.random.default_rng(1)
    told = sum(
        answers_moved(in_time(rng, 4 * ROWS, alike), in_time(rng, ROWS, alike)).p_value <= ALPHA for _ in range(REPEATS)
    )
    assert binomtest(told, REPEATS, ALPHA, alternative="greater").pvalue > 0.01, told


def test_sound_scores_are_called_off_no_more_often_than_alpha() -> None:
    rng, told = np.random.default_rng(2), 0
    for _ in range(REPEATS):
        score = rng.uniform(size=5 * ROWS)
        label = (rng.uniform(size=score.size) < score).astype(np.float64)
        gap = calibration_moved((score[ROWS:], label[ROWS:]), (score[:ROWS], label[:ROWS]))
        assert gap is not None
        told += gap.p_value <= ALPHA
    assert binomtest(told, REPEATS, ALPHA, alternative="greater").pvalue > 0.01, told


def test_the_part_that_fell_is_named_first_and_sound_parts_are_not() -> None:
    rng = np.random.default_rng(3)
    table = pa.table({"age": rng.uniform(20, 80, 5 * ROWS), "site": rng.choice(["A", "B", "C", "D"], 5 * ROWS)})
    binning = fit_binning(table)
    codes = binning.codes(table)
    sound = (rng.uniform(size=5 * ROWS) < 0.1).astype(np.float64)
    at_b = (table["site"].to_numpy(zero_copy_only=False) == "B") & (np.arange(5 * ROWS) >= 4 * ROWS)
    broken = np.where(at_b, rng.uniform(size=5 * ROWS) < 0.4, sound > 0).astype(np.float64)
    found = segments(binning, (codes[: 4 * ROWS], codes[4 * ROWS :]), (broken[: 4 * ROWS], broken[4 * ROWS :]))
    assert found[0].where == "site = 'B'"
    assert found[0].p_value < 1e-4
    assert found[0].worse == pytest.approx(0.3, abs=0.08)
    assert all(part.p_value > 1e-3 for part in found if "site = 'B'" not in part.where)


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_a_region_of_two_columns_is_named_though_each_bin_of_one_hardly_moves(alike: float) -> None:
    """A tenth of the rows; rows that resemble their neighbours blur its ends."""
    rng, named = np.random.default_rng(5), 0
    for _ in range(10):
        x = np.column_stack([in_time(rng, 7 * ROWS, alike) for _ in range(5)])
        binning = fit_binning(pa.table({f"x{place}": column for place, column in enumerate(x.T)}).slice(0, 5 * ROWS))
        codes = binning.codes(pa.table({f"x{place}": column for place, column in enumerate(x.T)}))
        losses = (in_time(rng, 7 * ROWS, alike) > 1.0).astype(np.float64)
        region = (x[:, 1] > 0.5) & (x[:, 3] < -0.4) & (np.arange(7 * ROWS) >= 5 * ROWS)
        losses[region] = rng.uniform(size=region.sum()) < 0.65
        halves = slice(0, 5 * ROWS), slice(5 * ROWS, None)
        first = segments(binning, (codes[halves[0]], codes[halves[1]]), (losses[halves[0]], losses[halves[1]]))[0]
        named += first.p_value < 1e-4 and "x1 > 0." in first.where and "and x3 ≤ -0." in first.where
    assert named >= (6 if alike else 8)


def test_a_hold_out_that_is_kept_tells_of_each_window_what_it_would_tell_of_the_first() -> None:
    rng = np.random.default_rng(6)
    table = pa.table({"age": rng.uniform(20, 80, 5 * ROWS), "site": rng.choice(["A", "B", "C"], 5 * ROWS)})
    binning = fit_binning(table)
    codes, losses = binning.codes(table), rng.exponential(size=5 * ROWS)
    before = slice(0, 2 * ROWS)
    kept = HeldOut(binning, codes[before], losses[before])
    for at in (2, 3, 4, 2):
        window = slice(at * ROWS, (at + 1) * ROWS)
        fresh = segments(binning, (codes[before], codes[window]), (losses[before], losses[window]))
        again = kept.segments(codes[window], losses[window])
        assert [(part.where, part.worse, part.p_value) for part in again] == [
            (part.where, part.worse, part.p_value) for part in fresh
        ]


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_segments_without_a_fall_are_told_no_more_often_than_alpha(alike: float) -> None:
    rng, told = np.random.default_rng(4), 0
    for _ in range(REPEATS):
        table = pa.table({name: in_time(rng, 3 * ROWS, alike) for name in "abcd"})
        binning = fit_binning(table.slice(0, 2 * ROWS))
        codes, losses = binning.codes(table), (in_time(rng, 3 * ROWS, alike) > 0.85).astype(np.float64)
        halves = slice(0, 2 * ROWS), slice(2 * ROWS, None)
        found = segments(binning, (codes[halves[0]], codes[halves[1]]), (losses[halves[0]], losses[halves[1]]))
        told += found[0].p_value <= ALPHA
    assert binomtest(told, REPEATS, ALPHA, alternative="greater").pvalue > 0.01, told
