"""Counts on common cells say between what the statistics of the values lie, whatever values and cells are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from duetmind_adaptive.drift.profiles.grid import quantile_bins
from duetmind_adaptive.stats.binned import folded
from duetmind_adaptive.stats.binned.cells import Bounded, Cells
from duetmind_adaptive.stats.binned.cramer_von_mises import cramer_von_mises
from duetmind_adaptive.stats.binned.energy import energy_distance
from duetmind_adaptive.stats.binned.ks import ks_distance
from duetmind_adaptive.stats.binned.wasserstein import wasserstein_distance
from duetmind_adaptive.stats.hellinger import hellinger

STATISTICS = {
    "ks": (ks_distance, lambda a, b: stats.ks_2samp(a, b, method="asymp").statistic),
    "wasserstein": (wasserstein_distance, stats.wasserstein_distance),
    "energy": (energy_distance, stats.energy_distance),
    "cramer_von_mises": (
        cramer_von_mises,
        lambda a, b: stats.cramervonmises_2samp(a, b, method="asymptotic").statistic,
    ),
}


def draw(seed: int, size: int, shape: str) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if shape == "ties":
        return generator.integers(-3, 9, size).astype(float)
    if shape == "constant":
        return np.full(size, generator.choice([0.0, 3.0]))
    if shape == "heavy":
        return generator.standard_t(1.5, size)
    return generator.normal(generator.choice([0.0, 0.3, 20.0]), generator.choice([0.5, 1.0]), size)


shapes = st.sampled_from(["smooth", "ties", "constant", "heavy"])
samples = st.builds(draw, st.integers(0, 2**32 - 1), st.integers(2, 10_000), shapes)


def counts_on(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.diff(np.searchsorted(np.sort(values), edges, side="right"), prepend=0, append=values.size)


def cells_on(edges: np.ndarray, reference: np.ndarray, current: np.ndarray, *, outer: bool) -> Cells:
    first = np.clip(edges[0] - reference, 0, None).mean() - np.clip(edges[0] - current, 0, None).mean()
    last = np.clip(current - edges[-1], 0, None).mean() - np.clip(reference - edges[-1], 0, None).mean()
    return Cells(
        edges=edges,
        reference=counts_on(edges, reference),
        current=counts_on(edges, current),
        low=float(min(reference.min(), current.min())),
        high=float(max(reference.max(), current.max())),
        outer=(float(first), float(last)) if outer else None,
    )


def assert_within(bounded: Bounded, exact: float, name: str) -> None:
    slack = 1e-9 * max(1.0, abs(exact))
    assert bounded.low - slack <= exact <= bounded.high + slack, name
    assert bounded.low <= bounded.value <= bounded.high, name


@settings(max_examples=150, deadline=None)
@given(samples, samples, st.integers(2, 1_000), st.booleans())
def test_the_exact_statistic_lies_between_the_bounds_on_quantile_bins(reference, current, bins, outer):
    cells = cells_on(quantile_bins(np.sort(reference), bins), reference, current, outer=outer)
    for name, (binned, exact) in STATISTICS.items():
        assert_within(binned(cells), float(exact(reference, current)), name)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=2, max_size=60),
    st.lists(st.integers(0, 12), min_size=2, max_size=60),
    st.sets(st.integers(-2, 14), min_size=1),
)
def test_the_exact_statistic_lies_between_the_bounds_on_any_bins(reference, current, edges):
    before, after = np.array(reference, dtype=float), np.array(current, dtype=float)
    cells = cells_on(np.array(sorted(edges), dtype=float), before, after, outer=False)
    for name, (binned, exact) in STATISTICS.items():
        assert_within(binned(cells), float(exact(before, after)), name)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=2, max_size=300), st.lists(st.integers(0, 30), min_size=2, max_size=300))
def test_where_each_value_has_a_bin_of_its_own_the_bounds_meet_at_the_exact_statistic(reference, current):
    before, after = np.array(reference, dtype=float), np.array(current, dtype=float)
    every = np.unique(np.concatenate([before, after]))
    cells = cells_on(np.unique(np.concatenate([every, np.nextafter(every, -np.inf)])), before, after, outer=False)
    for name, (binned, exact) in STATISTICS.items():
        found, expected = binned(cells), float(exact(before, after))
        assert found.low == pytest.approx(expected, rel=1e-9, abs=1e-9), name
        assert found.high == pytest.approx(expected, rel=1e-9, abs=1e-9), name


@settings(max_examples=60, deadline=None)
@given(samples, samples, st.integers(1, 1_000))
def test_the_kolmogorov_smirnov_distance_is_known_to_within_one_bins_share(reference, current, bins):
    cells = cells_on(quantile_bins(np.sort(reference), bins), reference, current, outer=False)
    found = ks_distance(cells)
    assert found.high - found.low <= 1 / bins + 1e-12


def test_how_far_rows_went_beyond_the_reference_is_known_exactly():
    reference = np.sort(np.random.default_rng(5).normal(size=5_000))
    edges = quantile_bins(reference, 1_000)
    current = reference + 1_000.0
    found = wasserstein_distance(cells_on(edges, reference, current, outer=True))
    assert found.low == pytest.approx(1_000, rel=1e-4)
    assert found.high == pytest.approx(1_000, rel=1e-4)


def test_bounds_hold_and_nothing_becomes_no_number_at_the_ends_of_what_a_float_holds():
    before, after = np.array([-1.7e308, 0.0, 1.0]), np.array([1.7e308, 0.0, 1.0])
    cells = cells_on(np.array([0.0, 1.0]), before, after, outer=False)
    assert_within(wasserstein_distance(cells), 1.7e308 / 3 * 2, "wasserstein")
    assert not any(math.isnan(value) for binned, _ in STATISTICS.values() for value in binned(cells))


counted = st.lists(st.integers(0, 50), min_size=4, max_size=12)


@settings(max_examples=200, deadline=None)
@given(counted, counted, st.integers(1, 3))
def test_distances_of_categories_lie_between_the_bounds_of_the_folded_ones(reference, current, named):
    size = min(len(reference), len(current))
    before, after = np.array(reference[:size], dtype=float) + 0.5, np.array(current[:size], dtype=float) + 0.5
    few = [np.append(side[:named], side[named:].sum()) for side in (before, after)]
    shares = before / before.sum(), after / after.sum()
    assert_within(folded.total_variation(*few), float(np.abs(shares[0] - shares[1]).sum() / 2), "total variation")
    assert_within(folded.hellinger(*few), hellinger(before, after), "hellinger")
    assert_within(folded.jensen_shannon(*few), float(jensenshannon(*shares, base=2)), "jensen_shannon")
