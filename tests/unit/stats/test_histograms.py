"""Statistics over aligned counts equal SciPy's, or their definition where SciPy has none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from duetmind_adaptive.stats.chi_square import chi_square, pool_sparse
from duetmind_adaptive.stats.distances import corrected_total_variation, total_variation
from duetmind_adaptive.stats.false_discovery import benjamini_yekutieli, e_benjamini_hochberg
from duetmind_adaptive.stats.g_test import g_test
from duetmind_adaptive.stats.hellinger import hellinger
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon

CLOSE = 1e-9
cells = st.integers(1, 40).flatmap(
    lambda size: st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=size, max_size=size)
)
tables = cells.map(lambda rows: np.array(rows, dtype=float).T).filter(lambda table: table.sum(axis=1).all())
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(tables)
def test_jensen_shannon_equals_scipy(table):
    expected = jensenshannon(table[0], table[1], 2)
    found = jensen_shannon(table[0], table[1])
    assert math.isclose(found, expected, rel_tol=CLOSE, abs_tol=1e-7) or math.isnan(expected)
    assert math.isclose(found**2, expected**2, rel_tol=CLOSE, abs_tol=1e-14) or math.isnan(expected)
    assert jensen_shannon(table[0], 3 * table[0]) < 1e-7


@given(tables)
def test_hellinger_is_the_distance_of_the_roots_and_bounds_total_variation(table):
    p, q = table / table.sum(axis=1, keepdims=True)
    distance = hellinger(table[0], table[1])
    assert math.isclose(distance, np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / math.sqrt(2), rel_tol=CLOSE, abs_tol=1e-15)
    moved = total_variation(table[0], table[1])
    assert distance**2 - 1e-12 <= moved <= distance * math.sqrt(2 - distance**2) + 1e-12


@given(tables)
def test_the_corrected_distance_is_at_most_the_plain_one(table):
    corrected = corrected_total_variation(table[0], table[1])
    assert 0 <= corrected <= total_variation(table[0], table[1]) <= 1
    assert corrected_total_variation(table[0], 7 * table[0]) == 0
    apart = np.hstack([table, np.zeros_like(table)]), np.hstack([np.zeros_like(table), table])
    if min(table.sum(axis=1)) > table.shape[1]:
        assert math.isclose(corrected_total_variation(apart[0][0], apart[1][1]), 1.0, rel_tol=CLOSE)


@pytest.mark.parametrize(("rows", "cells"), [(1_000, 10), (10_000, 200), (100_000, 1_000), (1_000_000, 200)])
@pytest.mark.parametrize("moved", [0.0, 0.2])
def test_the_corrected_distance_is_the_true_one_whatever_the_size_and_the_number_of_cells(rows, cells, moved):
    shares = np.linspace(2, 1, cells)
    after = shares * np.where(np.arange(cells) < cells // 2, 1 - moved, 1 + moved)
    shares, after = shares / shares.sum(), after / after.sum()
    generator = np.random.default_rng(rows + cells)
    found = [
        corrected_total_variation(*(generator.multinomial(rows, law).astype(float) for law in (shares, after)))
        for _ in range(60)
    ]
    truth = total_variation(shares, after)
    assert abs(np.mean(found) - truth) < 0.2 * truth + 0.5 * (cells**0.25) / math.sqrt(rows)


def test_a_change_of_few_rows_is_hardly_overstated():
    """A fiftieth of 10,000 rows goes over to one of 40 categories; by chi-square alone it reads twice as much."""
    generator, law = np.random.default_rng(3), np.full(40, 1 / 40)
    after = 0.98 * law + 0.02 * np.eye(40)[0]
    pairs = [[generator.multinomial(10_000, each).astype(float) for each in (law, after)] for _ in range(100)]
    assert abs(np.mean([corrected_total_variation(*pair) for pair in pairs]) - total_variation(law, after)) < 0.008


@settings(deadline=None)
@given(tables)
def test_the_g_test_equals_scipys_on_the_pooled_table(table):
    found = g_test(table[0], table[1])
    pooled = pool_sparse(table)
    if pooled.shape[1] < 2:
        assert found is None
        return
    expected = stats.chi2_contingency(pooled, correction=False, lambda_="log-likelihood")
    assert math.isclose(found.statistic, expected.statistic, rel_tol=CLOSE, abs_tol=1e-9)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=CLOSE, abs_tol=1e-300)
    assert found.degrees == expected.dof


def test_g_and_chi_square_agree_about_small_changes():
    before, after = np.array([5_000.0, 3_000.0, 2_000.0]), np.array([4_950.0, 3_080.0, 1_970.0])
    assert math.isclose(g_test(before, after).statistic, chi_square(before, after).statistic, rel_tol=1e-3)


@given(p_values)
def test_benjamini_yekutieli_equals_scipy(values):
    expected = stats.false_discovery_control(values, method="by")
    assert np.allclose(benjamini_yekutieli(values), expected, rtol=CLOSE, atol=1e-300)


@given(st.lists(st.floats(-5, 900), min_size=1, max_size=40), st.floats(0.001, 0.5))
def test_e_bh_rejects_as_wang_and_ramdas_define_it(log_e_values, alpha):
    """The k largest, for the largest k with k e_[k] / m ≥ 1 / alpha."""
    order = np.argsort(log_e_values)[::-1]
    passed = [k for k in range(1, order.size + 1)
              if math.log(k / order.size) + log_e_values[order[k - 1]] >= -math.log(alpha) + 1e-12]  # fmt: skip
    rejected = np.flatnonzero(e_benjamini_hochberg(log_e_values) <= alpha)
    assert set(rejected) >= set(order[: max(passed, default=0)])
    looser = [k for k in range(1, order.size + 1)
              if math.log(k / order.size) + log_e_values[order[k - 1]] >= -math.log(alpha) - 1e-12]  # fmt: skip
    assert len(rejected) <= max(looser, default=0) or len(set(np.array(log_e_values)[rejected])) < len(rejected)


def test_no_evidence_at_all_is_adjusted_to_one_and_none_gives_none():
    assert e_benjamini_hochberg([-math.inf, 0.0]).tolist() == [1.0, 1.0]
    assert e_benjamini_hochberg([]).size == 0
    assert benjamini_yekutieli([]).size == 0
