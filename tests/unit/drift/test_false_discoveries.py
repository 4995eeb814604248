"""The share of false discoveries stays within its bound however columns depend on each other, now and over windows.

Means of the false share have the upper end of their one-sided 99 % interval (normal, over independent repeats) below
the bound. Columns 0 … MOVED - 1 truly move.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.special import ndtr, ndtri

from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.columns import summarise
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare
from duetmind_adaptive.stats.benjamini_hochberg import benjamini_hochberg
from duetmind_adaptive.stats.false_discovery import benjamini_yekutieli

Floats = NDArray[np.float64]
COLUMNS, MOVED = 40, 8
#: one-sided, of a normal
SURE = float(ndtri(0.99))


def equal(size: int, correlation: float) -> Floats:
    return np.full((size, size), correlation) + (1 - correlation) * np.eye(size)


def opposed(size: int) -> Floats:
    """Halves that go together within, and against each other: correlations of 0.9 and -0.9."""
    side = np.repeat([1.0, -1.0], size // 2)
    return 0.9 * np.outer(side, side) + 0.1 * np.eye(size)


WORLDS: dict[str, Floats] = {
    "independent": np.eye(COLUMNS),
    "equicorrelated": equal(COLUMNS, 0.9),
    "all against all": equal(COLUMNS, -1 / COLUMNS),
    "blocks": np.kron(np.eye(COLUMNS // 8), equal(8, 0.95)),
    "opposed halves": opposed(COLUMNS),
    "AR over columns": toeplitz(0.9 ** np.arange(COLUMNS)),
    "alternating AR": toeplitz((-0.9) ** np.arange(COLUMNS)),
}


def factor(world: str) -> Floats:
    values, vectors = np.linalg.eigh(WORLDS[world])
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def false_share(told: NDArray[np.bool_]) -> Floats:
    """Of each repeat, shape (n, columns) in."""
    return told[:, MOVED:].sum(axis=1) / np.maximum(told.sum(axis=1), 1)


def upper(shares: Floats) -> float:
    return float(shares.mean() + SURE * max(shares.std() / math.sqrt(shares.size), 1 / (2 * shares.size)))


@pytest.mark.parametrize("world", sorted(WORLDS))
@pytest.mark.parametrize("shift", [0.0, 2.5, 4.0])
def test_of_p_values_of_one_window_few_are_false_whatever_their_dependence(world: str, shift: float) -> None:
    """Half of the moved columns move up and half down, so that their tests depend on the others both ways."""
    rng, alpha = np.random.default_rng(7), 0.05
    scores = rng.normal(size=(4_000, COLUMNS)) @ factor(world).T
    scores[:, :MOVED] += shift * np.where(np.arange(MOVED) % 2, 1, -1)
    p_values = 2 * ndtr(-np.abs(scores))
    shares = false_share(np.array([benjamini_yekutieli(each) <= alpha for each in p_values]))
    assert upper(shares) <= alpha


def test_where_benjamini_hochberg_is_no_bound_benjamini_yekutieli_is() -> None:
    """The least favourable dependence there is (Guo and Rao 2008): p-values of which just enough are always small."""
    rng, alpha, size = np.random.default_rng(8), 0.05, 20
    steps = alpha * np.arange(1, size + 1) / size
    chances = np.append(alpha / np.arange(1, size + 1), 1 - alpha * (1 / np.arange(1, size + 1)).sum())
    found = {"hochberg": 0, "yekutieli": 0}
    for _ in range(4_000):
        count = int(rng.choice(np.arange(1, size + 2), p=chances))
        p_values = rng.uniform(alpha, 1, size)
        if count <= size:
            p_values[:count] = steps[count - 1] - rng.uniform(0, alpha / size, count)
        found["hochberg"] += bool((benjamini_hochberg(p_values) <= alpha).any())
        found["yekutieli"] += bool((benjamini_yekutieli(p_values) <= alpha).any())
    assert found["hochberg"] / 4_000 > 2 * alpha
    assert found["yekutieli"] / 4_000 <= alpha


@pytest.mark.parametrize("world", ["equicorrelated", "opposed halves", "alternating AR"])
def test_of_the_columns_that_a_comparison_tells_few_are_false_even_without_a_smallest_effect(world: str) -> None:
    rng, alpha, turned = np.random.default_rng(9), 0.05, factor(world)
    names = [f"x{at}" for at in range(COLUMNS)]

    def rows(count: int) -> Floats:
        return rng.normal(size=(count, COLUMNS)) @ turned.T

    told = list[NDArray[np.bool_]]()
    for _ in range(60):
        before, after = rows(2_000), rows(300)
        after[:, :MOVED] += 0.35
        reference = Reference.from_table(pa.table(dict(zip(names, before.T, strict=True))), names)
        found = compare(reference, pa.table(dict(zip(names, after.T, strict=True))), threshold=0.0, alpha=alpha)
        drifted = {each.name for each in found.drifted}
        told.append(np.array([name in drifted for name in names]))
    shares = false_share(np.array(told))
    assert upper(shares) <= alpha
    assert np.array(told)[:, :MOVED].mean() > 0.5


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_of_the_columns_that_evidence_tells_few_are_false_at_the_first_alarm_and_after(world: str) -> None:
    """While a change lasts: at an alarm after t windows the false share is at most t / checks on average."""
    shares, waited = simulate_evidence(world, checks=1_440.0, repeats=60, windows=60)
    assert upper(shares[:, 0]) <= max(waited.max() / 1_440.0, 0.05)
    assert upper(shares[:, 1]) <= 0.05


def simulate_evidence(world: str, *, checks: float, repeats: int, windows: int) -> tuple[Floats, Floats]:
    """False shares at the first alarm and at the end, shape (n, 2), and windows until the first."""
    rng, turned = np.random.default_rng(10), factor(world)
    profile = summarise("x", pa.chunked_array([ndtri((np.arange(50_000) + 0.5) / 50_000)]))
    watch = Watch.of({f"x{at}": profile for at in range(COLUMNS)})
    scores = watch.size // COLUMNS
    names, rows = list(watch.columns), np.full(watch.size, 1_000.0)
    shares, waited = list[tuple[float, float]](), list[int]()
    for _ in range(repeats):
        off = draw(rng, turned, scores) / math.sqrt(50_000)
        evidence, first = Evidence.none(watch.size), None
        for at in range(windows):
            means = draw(rng, turned, scores) / math.sqrt(1_000) - off
            means[:MOVED, 0] += 0.12
            evidence = watch.see_means(evidence, means.ravel(), rows, row=at, moment=None, checks=checks)
            moved = watch.judge(evidence, checks).moved
            told = np.array([[name in moved for name in names]])
            if told.any() and first is None:
                first = float(false_share(told)[0])
                waited.append(at + 1)
        shares.append((first or 0.0, float(false_share(told)[0])))
        assert told[0, :MOVED].all()
    return np.array(shares), np.array(waited, dtype=np.float64)


def draw(rng: np.random.Generator, turned: Floats, scores: int) -> Floats:
    """Mean scores of the columns in deviations, shape (columns, scores): each score depends over columns as told."""
    return turned @ rng.normal(size=(COLUMNS, scores))
