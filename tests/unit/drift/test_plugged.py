"""The results of plugged-in detectors keep the promised rate of false alarms and find what changed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

from duetmind_adaptive.contracts import Detected
from duetmind_adaptive.drift.plugged import checked, judge
from duetmind_adaptive.errors import PluginError

CHECKS, THRESHOLD = 100.0, 0.02


def runs_to_an_alarm(seed: int, columns: int, most: int = 1000) -> int:
    """Windows until an alarm of honest p-values, of tests against one reference that stays as it is."""
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=(columns, 2_000))
    levels: dict[str, float] = {}
    for window in range(1, most + 1):
        current = rng.normal(size=(columns, 100))
        results = [
            Detected(column=f"c{at}", statistic=0.0, p_value=float(ks_2samp(current[at], reference[at]).pvalue))
            for at in range(columns)
        ]
        judged = judge("mine", results, levels, checks=CHECKS, threshold=THRESHOLD)
        if judged.found.drift:
            return window
        levels = dict(judged.levels)
    return most


@pytest.mark.parametrize("columns", [1, 4])
def test_alarms_are_as_rare_as_promised_while_nothing_changes_against_a_reference_that_stays(columns: int) -> None:
    lengths = np.array([runs_to_an_alarm(seed, columns) for seed in range(25)], dtype=float)
    assert lengths.mean() + 2 * lengths.std(ddof=1) / math.sqrt(lengths.size) >= CHECKS
    assert lengths.mean() > CHECKS


def test_one_telling_window_suffices_and_so_do_several_less_telling_ones() -> None:
    telling = judge("mine", [Detected(statistic=1.0, p_value=1e-6)], {}, checks=14_400, threshold=THRESHOLD)
    assert telling.found.drift
    assert telling.found.whole is not None
    levels, windows = dict[str, float](), 0
    while True:
        judged = judge("mine", [Detected(statistic=1.0, p_value=1e-3)], levels, checks=14_400, threshold=THRESHOLD)
        levels, windows = dict(judged.levels), windows + 1
        if judged.found.drift:
            break
    assert windows == 5


def test_what_has_no_p_value_or_too_small_an_effect_is_shown_and_alarms_nobody() -> None:
    results = [Detected(statistic=9.0, column="a"), Detected(statistic=9.0, column="b", p_value=0.0, effect=0.01)]
    judged = judge("mine", results, {}, checks=720, threshold=THRESHOLD)
    assert not judged.found.drift
    assert judged.found.columns["a"].p_value is None
    assert judged.found.columns["b"].p_adjusted == 0.0


def test_a_window_after_the_change_is_calm_again() -> None:
    levels = dict(judge("m", [Detected(statistic=1.0, p_value=1e-9)], {}, checks=720, threshold=THRESHOLD).levels)
    after = judge("m", [Detected(statistic=0.1, p_value=0.5)], levels, checks=720, threshold=THRESHOLD)
    assert not after.found.drift


@pytest.mark.parametrize(
    ("results", "says"),
    [
        (["x"], "gave a str where a Detected was asked for"),
        ([Detected(statistic=1.0, column="z")], "the column 'z', which is no feature"),
        ([Detected(statistic=1.0, p_value=math.nan)], "a p-value of nan, not in .* for the rows"),
        ([Detected(statistic=1.0, effect=2.0, column="x")], "an effect of 2, not in .* for the column 'x'"),
        ([Detected(statistic=math.nan)], "a statistic that is no number for the rows as a whole"),
        ([Detected(statistic=1.0, column="x"), Detected(statistic=2.0, column="x")], "gave two results for"),
    ],
)
def test_a_result_that_cannot_be_used_is_named(results: list[object], says: str) -> None:
    with pytest.raises(PluginError, match=f"^detector 'mine' .*{says}"):
        checked("mine", results, ["x", "y"])
