"""Corrections and intervals equal SciPy's where SciPy has them, and cover what they promise where it has none."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from duetmind_adaptive.stats.benjamini_hochberg import benjamini_hochberg
from duetmind_adaptive.stats.bootstrap import bootstrap_mean, resample_weights, summarise
from duetmind_adaptive.stats.intervals import normal_interval, wilson

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(p_values)
def test_benjamini_hochberg_equals_scipy(values):
    assert np.allclose(benjamini_hochberg(values), stats.false_discovery_control(values), rtol=1e-9, atol=0)


def test_no_p_values_give_no_adjusted_ones():
    assert benjamini_hochberg([]).size == 0


@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0.5, 0.9999))
def test_wilson_equals_scipy(rows, share, confidence):
    successes = round(share * rows)
    expected = stats.binomtest(successes, rows).proportion_ci(confidence, method="wilson")
    low, high = wilson(successes, rows, confidence)
    assert math.isclose(low, expected.low, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(high, expected.high, rel_tol=1e-9)


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e3), st.floats(0.5, 0.999))
def test_normal_interval_equals_scipy(value, error, confidence):
    assert np.allclose(normal_interval(value, error, confidence), stats.norm.interval(confidence, value, error))


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 2**31))
def test_every_replicate_draws_as_many_rows_as_there_are(rows, replicates, seed):
    weights = np.concatenate(list(resample_weights(rows, replicates, seed)))
    assert weights.shape == (replicates, rows)
    assert (weights.sum(axis=1) == rows).all()
    assert (weights >= 0).all()


def test_one_seed_gives_one_interval_and_another_a_different_one():
    values = np.random.default_rng(0).normal(size=200)
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_long_samples_are_drawn_in_blocks_that_fit_in_memory():
    blocks = list(resample_weights(rows=900_000, replicates=3, seed=0))
    assert [block.shape for block in blocks] == [(2, 900_000), (1, 900_000)]


def test_the_bootstrap_error_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(3).exponential(size=2_000)
    estimate = bootstrap_mean(values, seed=4, replicates=2_000)
    assert math.isclose(estimate.error, values.std() / math.sqrt(values.size), rel_tol=0.08)


def test_a_95_percent_bootstrap_interval_covers_the_true_mean_about_as_often():
    covered = 0
    for seed in range(400):
        values = np.random.default_rng([1, seed]).normal(5, 2, size=300)
        estimate = bootstrap_mean(values, seed=seed, replicates=300)
        covered += estimate.low <= 5 <= estimate.high
    low, high = wilson(covered, 400, 0.99)
    assert low <= 0.95 <= high


def test_undefined_replicates_are_left_out_and_too_few_give_no_error():
    assert summarise(1.0, np.array([np.nan, 1.0, 3.0])).error == math.sqrt(2)
    assert math.isnan(summarise(1.0, np.array([np.nan, 1.0])).error)
