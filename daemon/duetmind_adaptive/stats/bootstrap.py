"""The bootstrap: how much an estimate would vary, had other rows of the same kind been drawn.

Rows are drawn with replacement; a replicate is described by how often each row was drawn, so that every metric that
takes weights can be bootstrapped without copying rows, and two models can be compared on the very same draws.

Reference
---------
B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall (1993), chapters 6, 13 and 16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: weights held in memory at a time: 2 million float64 are 16 MB
_CHUNK = 2_000_000


class Estimate(NamedTuple):
    """A value with its percentile interval and its standard error."""

    value: float
    low: float
    high: float
    error: float


def resample_weights(rows: int, replicates: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Draw `rows` rows with replacement, `replicates` times; yields blocks of weights, shape (block, rows).

    The replicates of one row lie side by side in memory (Fortran order): metrics gather and add whole rows.

    Examples
    --------
    >>> blocks = list(resample_weights(rows=5, replicates=3, seed=1))
    >>> blocks[0].shape, blocks[0].sum(axis=1)
    ((3, 5), array([5., 5., 5.]))
    """
    generator = np.random.default_rng(seed)
    block = max(1, _CHUNK // rows)
    for first in range(0, replicates, block):
        size = min(block, replicates - first)
        drawn = generator.integers(0, rows, size=(rows, size))
        places = drawn * size + np.arange(size)
        yield np.bincount(places.ravel(), minlength=size * rows).astype(np.float64).reshape(rows, size).T


def summarise(value: float, replicates: NDArray[np.float64], confidence: float = 0.95) -> Estimate:
    """Percentile interval and standard error from bootstrap replicates; undefined replicates (NaN) are left out.

    Examples
    --------
    >>> summarise(2.0, np.array([1.0, 2.0, 3.0]), confidence=0.5)
    Estimate(value=2.0, low=1.5, high=2.5, error=1.0)
    """
    defined = replicates[np.isfinite(replicates)]
    if defined.size < 2:
        return Estimate(value, value, value, float("nan"))
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, float(low), float(high), float(defined.std(ddof=1)))


def bootstrap_mean(
    values: NDArray[np.float64], *, seed: int, replicates: int = 1000, confidence: float = 0.95
) -> Estimate:
    """Mean of per-row values with its percentile interval; give per-row differences for a paired comparison.

    Parameters
    ----------
    values
        One finite number per row, at least one row.
    seed
        Of the draws: the same seed gives the same interval.

    Examples
    --------
    >>> estimate = bootstrap_mean(np.array([0.0, 1.0] * 200), seed=7)
    >>> estimate.value, round(estimate.low, 2), round(estimate.high, 2), round(estimate.error, 3)
    (0.5, 0.45, 0.55, 0.025)
    """
    blocks = [weights @ values / values.size for weights in resample_weights(values.size, replicates, seed)]
    return summarise(float(values.mean()), np.concatenate(blocks), confidence)
