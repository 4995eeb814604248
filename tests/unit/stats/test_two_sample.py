"""Two-sample statistics equal SciPy's, whatever the ties, the extremes and the sizes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from duetmind_adaptive.stats.chi_square import MINIMUM_EXPECTED, chi_square, is_sparse, pool_sparse
from duetmind_adaptive.stats.distances import total_variation
from duetmind_adaptive.stats.fisher import fisher_exact
from duetmind_adaptive.stats.ks import EXACT_UP_TO, ks_distance, ks_two_sample
from duetmind_adaptive.stats.psi import bin_counts, population_stability_index, quantile_edges

CLOSE = 1e-9


def draw(seed: int, size: int, shape: str) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if shape == "ties":
        return np.sort(generator.integers(0, 5, size).astype(float))
    if shape == "constant":
        return np.full(size, 3.0)
    values = generator.standard_t(2, size) if shape == "heavy" else generator.normal(0.2, 1, size)
    if shape == "infinite":
        values[: size // 3 + 1] = generator.choice([-np.inf, np.inf], size // 3 + 1)
    return np.sort(values)


samples = st.builds(
    draw,
    st.integers(0, 2**32 - 1),
    st.integers(1, 2_000),
    st.sampled_from(["smooth", "ties", "constant", "heavy", "infinite"]),
)
counts = st.lists(st.integers(0, 400), min_size=2, max_size=30)


@settings(max_examples=150, deadline=None)
@given(samples, samples)
def test_ks_equals_scipy(reference, current):
    expected = stats.ks_2samp(reference, current)
    found = ks_two_sample(reference, current)
    assert math.isclose(found.statistic, expected.statistic, rel_tol=CLOSE, abs_tol=1e-15)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE, abs_tol=1e-300)
    assert math.isclose(ks_distance(reference, current), expected.statistic, rel_tol=CLOSE, abs_tol=1e-15)


@pytest.mark.parametrize("size", [1, 2, 50, 428, 5_000, 20_000])
@pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
def test_ks_beyond_the_exact_sizes_equals_scipy(size, shift):
    reference, current = draw(1, EXACT_UP_TO + 7, "smooth"), draw(2, size, "smooth") + shift
    expected = stats.ks_2samp(reference, current)
    for found in (ks_two_sample(reference, current), ks_two_sample(current, reference)):
        assert math.isclose(found.statistic, expected.statistic, rel_tol=CLOSE)
        assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE, abs_tol=1e-300)


@given(samples, samples)
@settings(max_examples=50, deadline=None)
def test_ks_distance_is_symmetric_and_within_bounds(reference, current):
    distance = ks_distance(reference, current)
    assert 0 <= distance <= 1
    assert distance == ks_distance(current, reference)
    assert ks_distance(reference, reference) == 0


@settings(deadline=None)
@given(st.data())
def test_chi_square_equals_scipys_on_the_pooled_table(data):
    reference = np.array(data.draw(counts), dtype=float)
    current = np.array(data.draw(st.lists(st.integers(0, 400), min_size=len(reference), max_size=len(reference))))
    found = chi_square(reference, current)
    table = pool_sparse(np.vstack([reference, current.astype(float)]))
    if found is None:
        assert table.shape[1] < 2 or not table.sum(axis=1).all()
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert math.isclose(found.statistic, expected.statistic, rel_tol=CLOSE, abs_tol=1e-12)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE, abs_tol=1e-300)
    assert found.degrees == expected.dof


@settings(deadline=None)
@given(counts, st.integers(0, 100))
def test_pooling_keeps_every_row_and_leaves_no_sparse_cell(reference, seed):
    before = np.array(reference, dtype=float)
    after = np.random.default_rng(seed).permutation(before)
    pooled = pool_sparse(np.vstack([before, after]))
    assert pooled.sum() == 2 * before.sum()
    if pooled.shape[1] > 1:
        assert not is_sparse(pooled[0], pooled[1]).any()


def test_chi_square_without_pooling_drops_only_empty_categories():
    found = chi_square(np.array([30.0, 1.0, 0.0]), np.array([20.0, 4.0, 0.0]), minimum_expected=0.0)
    assert found is not None
    assert found.degrees == 1
    assert MINIMUM_EXPECTED == 5.0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9), st.integers(1, 3_000), st.integers(0, 9), st.integers(1, 300))
def test_fisher_equals_scipy(hits_before, misses_before, hits_after, misses_after):
    expected = stats.fisher_exact([[hits_before, misses_before], [hits_after, misses_after]])
    found = fisher_exact(hits_before, misses_before, hits_after, misses_after)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE)


@given(counts)
def test_psi_of_a_sample_with_itself_is_zero_and_never_negative(cells):
    reference = np.array(cells, dtype=float)
    assert population_stability_index(reference, reference) == 0
    assert population_stability_index(reference, reference[::-1]) >= 0


@given(counts)
def test_psi_without_empty_cells_is_both_kullback_leibler_divergences(cells):
    before, after = np.array(cells, dtype=float) + 1, np.array(cells[::-1], dtype=float) + 1
    r, c = before / before.sum(), after / after.sum()
    expected = stats.entropy(r, c) + stats.entropy(c, r)
    assert math.isclose(population_stability_index(before, after, smoothing=0), expected, rel_tol=CLOSE, abs_tol=1e-12)


@settings(max_examples=50, deadline=None)
@given(samples, samples)
def test_bins_hold_every_value_once_and_the_reference_evenly(reference, current):
    edges = quantile_edges(reference)
    assert bin_counts(current, edges).sum() == current.size
    if np.unique(reference).size == reference.size and reference.size >= 10:
        assert np.ptp(bin_counts(reference, edges)) <= 1


@given(counts)
def test_total_variation_is_the_share_of_rows_that_must_move(cells):
    before, after = np.array(cells, dtype=float) + 1, np.array(cells[::-1], dtype=float) + 1
    moved = np.maximum(after / after.sum() - before / before.sum(), 0).sum()
    assert math.isclose(total_variation(before, after), moved, rel_tol=CLOSE, abs_tol=1e-12)


def look_at_all(reference: np.ndarray, current: np.ndarray) -> float:
    few, many = (current, reference) if current.size <= reference.size else (reference, current)
    below, up_to = ([np.searchsorted(sample, few, side=side) for sample in (few, many)] for side in ("left", "right"))
    above, under = up_to[0] * many.size - up_to[1] * few.size, below[1] * few.size - below[0] * many.size
    return int(max(above.max(), under.max(), 0)) / (few.size * many.size)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 30_000),
    st.integers(1, 30_000),
    st.sampled_from(["smooth", "ties", "constant", "heavy", "infinite"]),
    st.sampled_from([0.0, 0.01, 0.3, -3.0]),
)
def test_looking_only_where_the_largest_gap_can_be_finds_it_to_the_last_bit(seed, n, m, shape, shift):
    reference, current = draw(seed, n, shape), draw(seed + 1, m, shape) + shift
    assert ks_distance(reference, current) == look_at_all(reference, current)


def test_the_approximate_p_value_is_near_the_exact_one_and_may_be_asked_for():
    reference, current = draw(1, 5_000, "smooth"), draw(2, 1_000, "smooth") + 0.01
    exact, fast = ks_two_sample(reference, current), ks_two_sample(reference, current, exact_up_to=0)
    assert math.isclose(fast.statistic, exact.statistic, rel_tol=CLOSE)
    assert exact.p_value != fast.p_value
    assert math.isclose(fast.p_value, exact.p_value, rel_tol=0.05)
