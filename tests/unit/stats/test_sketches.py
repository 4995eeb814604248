"""Sketches add up, and are as good as they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.stats import hyperloglog, misra_gries, moments
from duetmind_adaptive.stats.misra_gries import HeavyHitters

keys = st.lists(st.integers(0, 2**64 - 1), max_size=3_000).map(lambda held: np.array(held, dtype=np.uint64))


@settings(max_examples=60, deadline=None)
@given(keys, keys)
def test_sketches_of_parts_add_up_to_the_sketch_of_the_whole(one, other):
    whole = hyperloglog.registers(np.concatenate([one, other]))
    assert np.array_equal(hyperloglog.merge(hyperloglog.registers(one), hyperloglog.registers(other)), whole)


@pytest.mark.parametrize("spread", ["counting", "normal", "moments in time", "powers"])
def test_distinct_estimates_have_the_stated_error(spread):
    errors = []
    for at in range(60):
        generator = np.random.default_rng(at)
        size = int(10 ** generator.uniform(2, 5))
        values = {
            "counting": np.arange(size, dtype=np.float64) + 1e6 * at,
            "normal": generator.normal(size=size),
            "moments in time": 1.7e9 + 1_001.0 * at + 3_600.0 * np.arange(size),
            "powers": np.exp(np.linspace(0, 5 + at, size)),
        }[spread]
        errors.append(hyperloglog.estimate(hyperloglog.registers(values.view(np.uint64))) / size - 1)
    assert abs(np.mean(errors)) < 3.3 * hyperloglog.STANDARD_ERROR / math.sqrt(len(errors))
    assert np.std(errors) < 1.4 * hyperloglog.STANDARD_ERROR


def test_a_few_values_are_counted_almost_exactly():
    assert hyperloglog.estimate(hyperloglog.registers(np.zeros(9, dtype=np.uint64))) == pytest.approx(1, abs=0.01)


words = st.lists(st.sampled_from("abcdefghij"), max_size=200)


@settings(max_examples=200, deadline=None)
@given(st.lists(words, min_size=1, max_size=6), st.integers(1, 12))
def test_heavy_hitters_are_within_their_error_and_that_is_bounded(parts, capacity):
    total = HeavyHitters({})
    for part in parts:
        total = misra_gries.add(total, HeavyHitters({word: part.count(word) for word in set(part)}), capacity)
    every = [word for part in parts for word in part]
    assert len(total.counts) <= capacity
    assert total.error <= len(every) / (capacity + 1)
    for word in "abcdefghij":
        held = total.counts.get(word, 0)
        assert held <= every.count(word) <= held + total.error


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=50), st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_moments_of_parts_add_up_to_those_of_the_whole(one, other):
    merged = moments.merge(*(moments.moments(np.sort(np.array(side, dtype=float))) for side in (one, other)))
    whole = moments.moments(np.sort(np.array(one + other, dtype=float)))
    assert (merged.rows, merged.least, merged.greatest) == (whole.rows, whole.least, whole.greatest)
    assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-9)
    assert merged.deviation == pytest.approx(whole.deviation, rel=1e-9, abs=1e-6)
