"""Every statistic and p-value equals SciPy's within 1e-9, or its definition where SciPy has none, on whatever samples.

The whole of it, 1,000 pairs of samples: `python -m pytest -m slow tests/unit/stats/test_truth.py`.
"""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from duetmind_adaptive.stats.anderson_darling import LEVELS, _deviation, anderson_darling
from duetmind_adaptive.stats.chi_square import chi_square, pool_sparse
from duetmind_adaptive.stats.cramer_von_mises import cramer_von_mises
from duetmind_adaptive.stats.distances import corrected_total_variation, total_variation
from duetmind_adaptive.stats.energy import energy_distance
from duetmind_adaptive.stats.fisher import fisher_exact
from duetmind_adaptive.stats.g_test import g_test
from duetmind_adaptive.stats.hellinger import hellinger
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon
from duetmind_adaptive.stats.ks import ks_two_sample
from duetmind_adaptive.stats.psi import bin_counts, population_stability_index, quantile_edges
from duetmind_adaptive.stats.wasserstein import wasserstein_distance

SHAPES = {
    "smooth": lambda r, size: r.normal(0.1, 1, size),
    "ties": lambda r, size: r.integers(0, 5, size).astype(float),
    "constant": lambda _, size: np.full(size, 3.0),
    "heavy": lambda r, size: r.standard_cauchy(size),
    "far": lambda r, size: 1e6 + r.normal(0, 1e-2, size),
    "half tied": lambda r, size: np.maximum(r.normal(size=size), 0.0),
}


def draw(seed: int, size: int, shape: str, holes: float, infinite: float) -> np.ndarray:
    """Ascending values as the engine tests them: NaN is missing, and at least one value is finite."""
    generator = np.random.default_rng(seed)
    values = SHAPES[shape](generator, size)
    lots = generator.random(size)
    values[lots < holes] = np.nan
    values[lots > 1 - infinite] = generator.choice([-np.inf, np.inf])
    values[0] = 3.0
    return np.sort(values[~np.isnan(values)])


samples = st.builds(
    draw,
    st.integers(0, 2**32 - 1),
    st.one_of(st.integers(1, 30), st.integers(1, 10_000)),
    st.sampled_from(list(SHAPES)),
    st.sampled_from([0.0, 0.0, 0.3]),
    st.sampled_from([0.0, 0.0, 0.05]),
)


def same(found: float, expected: float, *, beside: float = 0.0) -> bool:
    """Equal within 1e-9 relative; `beside` is what the rounding of sums that cancel may leave."""
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=max(beside, 1e-300))


def check_ks(reference: np.ndarray, current: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = stats.ks_2samp(reference, current)
    found = ks_two_sample(reference, current)
    assert same(found.statistic, expected.statistic, beside=1e-15)
    assert same(found.p_value, min(1.0, expected.pvalue))


def check_cramer_von_mises(reference: np.ndarray, current: np.ndarray) -> None:
    found = cramer_von_mises(reference, current)
    if min(reference.size, current.size) < 2:
        assert found is None
        return
    expected = stats.cramervonmises_2samp(reference, current)
    assert same(found.statistic, expected.statistic, beside=1e-10)
    assert same(found.p_value, expected.pvalue, beside=1e-10)


def check_anderson_darling(reference: np.ndarray, current: np.ndarray) -> None:
    found = anderson_darling(reference, current)
    if np.unique(np.concatenate([reference, current])).size < 2 or reference.size + current.size < 4:
        assert found is None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = stats.anderson_ksamp([reference, current], variant="midrank")
    assert same(found.statistic, expected.statistic, beside=1e-10)
    if expected.pvalue > LEVELS[-1]:
        assert same(found.p_value, expected.pvalue)
        return
    raw = 1 + expected.statistic * _deviation(float(reference.size), float(current.size))
    assert math.isclose(found.p_value, min(1e-3, math.sqrt(3) * math.erfc(math.sqrt(raw))), rel_tol=1e-6)


def check_distances(reference: np.ndarray, current: np.ndarray) -> None:
    finite = [side[np.isfinite(side)] for side in (reference, current)]
    travelled, energy = stats.wasserstein_distance(*finite), stats.energy_distance(*finite)
    scale = 1e-16 * max(abs(side).max() for side in finite)
    assert same(wasserstein_distance(*finite), travelled, beside=10 * scale)
    assert same(energy_distance(*finite), energy, beside=10 * math.sqrt(scale))
    shares = [[np.mean(side == end) for end in (-np.inf, np.inf)] for side in (reference, current)]
    if shares[0] != shares[1]:
        assert wasserstein_distance(reference, current) == energy_distance(reference, current) == math.inf


def check_tables(reference: np.ndarray, current: np.ndarray) -> None:
    edges = quantile_edges(reference)
    before, after = bin_counts(reference, edges), bin_counts(current, edges)
    for side, counts in ((reference, before), (current, after)):
        assert (
            counts.tolist() == np.histogram(np.digitize(side, edges, right=True), np.arange(edges.size + 2))[0].tolist()
        )
    pooled = pool_sparse(np.vstack([before, after]))
    for test, rule in ((chi_square, "pearson"), (g_test, "log-likelihood")):
        found = test(before, after)
        if pooled.shape[1] < 2 or not pooled.sum(axis=1).all():
            assert found is None
            continue
        expected = stats.chi2_contingency(pooled, correction=False, lambda_=rule)
        assert same(found.statistic, expected.statistic, beside=1e-9)
        assert same(found.p_value, expected.pvalue)
    check_histograms(before, after)


def check_histograms(before: np.ndarray, after: np.ndarray) -> None:
    p, q = before / before.sum(), after / after.sum()
    smooth = [(side + 0.5) / (side + 0.5).sum() for side in (before, after)]
    psi = stats.entropy(*smooth) + stats.entropy(*smooth[::-1])
    assert same(population_stability_index(before, after), psi, beside=1e-14)
    assert same(jensen_shannon(before, after) ** 2, np.nan_to_num(jensenshannon(p, q, 2)) ** 2, beside=1e-14)
    assert same(hellinger(before, after), np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / math.sqrt(2), beside=1e-12)
    assert same(total_variation(before, after), np.abs(p - q).sum() / 2, beside=1e-15)
    assert same(corrected_total_variation(before, after), corrected(before, after), beside=1e-7)
    table = [[int(before[0]), int(before[1:].sum())], [int(after[0]), int(after[1:].sum())]]
    assert same(fisher_exact(*table[0], *table[1]).p_value, stats.fisher_exact(table).pvalue)


def corrected(before: np.ndarray, after: np.ndarray) -> float:
    """The definition, by SciPy's chi-square."""
    held = (before + after) > 0
    n, m, cells = before.sum(), after.sum(), int(held.sum())
    chance = (cells - 1) * (n + m) / (n + m - 1)
    if cells < 2 or chance >= n + m:
        return 0.0
    statistic = stats.chi2_contingency(np.vstack([before, after])[:, held], correction=False).statistic
    beyond = max(0.0, (statistic - chance) * (n + m) / (n + m - chance))
    return min(cell_by_cell(before, after), math.sqrt(beyond * (n + m) / (n * m)) / 2)


def cell_by_cell(before: np.ndarray, after: np.ndarray) -> float:
    """The definition, a category at a time."""
    n, m = before.sum(), after.sum()
    left = most = alone = 0.0
    for r, c in zip(before, after, strict=True):
        share, largest = (r + c) / (n + m), (r + c) / (n if r / n >= c / m else m)
        variance = share * (1 - share) * (1 / n + 1 / m)
        left += without(abs(r / n - c / m), variance)
        most += without(largest, variance)
        alone += largest
    plain = total_variation(before, after)
    return min(plain, left / 2 * alone / most) if most else plain


def without(gap: float, variance: float) -> float:
    return gap if gap**2 > 9 * variance else math.sqrt(max(gap**2 - variance, 0.0))


def check(reference: np.ndarray, current: np.ndarray) -> None:
    check_ks(reference, current)
    check_cramer_von_mises(reference, current)
    check_anderson_darling(reference, current)
    check_distances(reference, current)
    check_tables(reference, current)


@settings(max_examples=60, deadline=None)
@given(samples, samples)
def test_every_statistic_equals_its_truth(reference, current):
    check(reference, current)


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None)
@given(samples, samples)
def test_every_statistic_equals_its_truth_on_a_thousand_samples(reference, current):
    check(reference, current)
