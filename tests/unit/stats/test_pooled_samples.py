"""Statistics over two sorted samples equal SciPy's, whatever the ties, the sizes and the extremes."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from duetmind_adaptive.stats.anderson_darling import LEVELS, _deviation, anderson_darling
from duetmind_adaptive.stats.cramer_von_mises import EXACT_UP_TO, cramer_von_mises
from duetmind_adaptive.stats.energy import energy_distance
from duetmind_adaptive.stats.pooled import pool
from duetmind_adaptive.stats.wasserstein import standardised_wasserstein, wasserstein_distance

CLOSE = 1e-9
SHAPES = {
    "smooth": lambda r, size: r.normal(0.1, 1, size),
    "ties": lambda r, size: r.integers(0, 5, size).astype(float),
    "constant": lambda r, size: np.full(size, 3.0),
    "heavy": lambda r, size: r.standard_cauchy(size),
    "far": lambda r, size: 1e6 + r.normal(0, 1e-2, size),
    "half tied": lambda r, size: np.maximum(r.normal(size=size), 0.0),
}


def draw(seed: int, size: int, shape: str) -> np.ndarray:
    return np.sort(SHAPES[shape](np.random.default_rng(seed), size))


def infinite(sample: np.ndarray, lower: int, upper: int) -> np.ndarray:
    return np.concatenate([np.full(lower, -np.inf), sample, np.full(upper, np.inf)])


def sizes(smallest: int, largest: int) -> st.SearchStrategy[np.ndarray]:
    size = st.one_of(st.integers(smallest, 40), st.integers(smallest, largest))
    return st.builds(draw, st.integers(0, 2**32 - 1), size, st.sampled_from(list(SHAPES)))


samples = sizes(1, 10_000)
pairs = settings(max_examples=120, deadline=None)


@pairs
@given(samples, samples)
def test_pooling_counts_what_lies_at_or_below_each_distinct_value(reference, current):
    merged = pool(reference, current)
    assert np.array_equal(merged.values, np.unique(np.concatenate([reference, current])))
    assert np.array_equal(merged.reference, np.searchsorted(reference, merged.values, side="right"))
    assert np.array_equal(merged.current, np.searchsorted(current, merged.values, side="right"))


@pairs
@given(sizes(2, 10_000), sizes(2, 10_000), st.integers(0, 3))
def test_cramer_von_mises_equals_scipy(reference, current, ends):
    if max(reference.size, current.size) > EXACT_UP_TO:
        reference = infinite(reference, ends, 2 * ends)
    expected = stats.cramervonmises_2samp(reference, current)
    found = cramer_von_mises(reference, current)
    assert math.isclose(found.statistic, expected.statistic, rel_tol=CLOSE, abs_tol=1e-10)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE, abs_tol=1e-10)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (5, 7), (12, 12), (20, 3)])
def test_cramer_von_mises_is_exact_for_few_rows(n, m):
    reference, current = draw(n, n, "smooth"), draw(m, m, "smooth") + 0.5
    expected = stats.cramervonmises_2samp(reference, current, method="exact")
    found = cramer_von_mises(reference, current)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE)


def test_cramer_von_mises_needs_two_rows_of_each():
    assert cramer_von_mises(np.array([1.0]), np.arange(30.0)) is None


@pairs
@given(samples, samples, st.integers(0, 3))
def test_anderson_darling_equals_scipy(reference, current, ends):
    reference = infinite(reference, ends, 2 * ends)
    found = anderson_darling(reference, current)
    if np.unique(np.concatenate([reference, current])).size < 2 or reference.size + current.size < 4:
        assert found is None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = stats.anderson_ksamp([reference, current], variant="midrank")
    assert math.isclose(found.statistic, expected.statistic, rel_tol=CLOSE, abs_tol=1e-10)
    assert found.beyond_table == (expected.pvalue in {LEVELS[0], LEVELS[-1]})
    if expected.pvalue == LEVELS[-1]:
        assert 0 <= found.p_value <= expected.pvalue
    else:
        assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE)


def limit_tail(level: float) -> float:
    """``P(Σ χ²_j / (j (j + 1)) > level)`` by Imhof's inversion of the characteristic function."""
    weights = 1 / (np.arange(1.0, 3_000) * np.arange(2.0, 3_001))

    def integrand(u: float) -> float:
        angle = 0.5 * (np.arctan(weights * u).sum() - level * u)
        return math.sin(angle) / (u * math.exp(0.25 * np.log1p((weights * u) ** 2).sum()))

    value, _ = quad(integrand, 0, 400, limit=2_000, epsabs=1e-13, epsrel=1e-10)
    return 0.5 + value / math.pi


@pytest.mark.parametrize("shift", [0.16, 0.2, 0.24])
def test_beyond_the_table_anderson_darling_has_the_tail_of_its_limit(shift):
    reference, current = (np.sort(np.random.default_rng(seed).normal(size=2_000)) for seed in (1, 2))
    found = anderson_darling(reference, current + shift)
    n = m = 2_000.0
    raw = 1 + found.statistic * _deviation(n, m)
    assert found.beyond_table
    assert 1e-11 < found.p_value < 1e-3
    assert math.isclose(found.p_value, limit_tail(raw), rel_tol=0.05, abs_tol=2e-12)


@pairs
@given(samples, samples)
@example(draw(1, 10_000, "smooth"), draw(2, 9_973, "heavy"))
@example(draw(1, 10_000, "ties"), draw(2, 10_000, "ties"))
def test_wasserstein_and_energy_distance_equal_scipy(reference, current):
    for ours, theirs in ((wasserstein_distance, stats.wasserstein_distance), (energy_distance, stats.energy_distance)):
        expected = theirs(reference, current)
        assert math.isclose(ours(reference, current), expected, rel_tol=CLOSE, abs_tol=1e-13)
        assert math.isclose(ours(current, reference), expected, rel_tol=CLOSE, abs_tol=1e-13)
        assert ours(reference, reference) == 0


@pytest.mark.parametrize("sizes", [(20_001, 17), (50_000, 49_999), (30_000, 30_000), (40_000, 10_000)])
def test_wasserstein_of_samples_longer_than_a_chunk_equals_scipy(sizes):
    reference, current = (draw(seed, size, "heavy") for seed, size in enumerate(sizes))
    expected = stats.wasserstein_distance(reference, current)
    assert math.isclose(wasserstein_distance(reference, current), expected, rel_tol=CLOSE)


def test_rows_at_infinity_cost_nothing_in_equal_shares_and_everything_otherwise():
    reference, current = draw(1, 40, "smooth"), draw(2, 80, "smooth")
    for distance in (wasserstein_distance, energy_distance):
        finite = distance(reference, current)
        same = distance(infinite(reference, 5, 5), infinite(current, 10, 10))
        assert 0 < same < finite
        assert distance(infinite(reference, 5, 5), infinite(current, 5, 10)) == math.inf
        assert distance(infinite(reference, 0, 1), current) == math.inf
        assert distance(np.full(3, np.inf), np.full(4, np.inf)) == 0
        assert distance(np.full(3, -np.inf), np.full(3, np.inf)) == math.inf


@pairs
@given(samples, st.floats(-5, 5))
def test_a_shift_travels_its_own_length_in_standard_deviations(reference, shift):
    deviation = reference.std()
    if deviation > 1e-3:
        moved = standardised_wasserstein(reference, reference + shift * deviation)
        assert math.isclose(moved, abs(shift), rel_tol=1e-6, abs_tol=1e-6)
        given_unit = standardised_wasserstein(reference, reference + 1, deviation=2.0)
        assert math.isclose(given_unit, 0.5, rel_tol=1e-6)


def test_a_constant_reference_has_no_unit():
    assert standardised_wasserstein(np.full(3, 2.0), np.full(5, 2.0)) == 0
    assert standardised_wasserstein(np.full(3, 2.0), np.full(5, 2.5)) == math.inf
