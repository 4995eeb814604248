"""When the level of a series changed: the most likely single step, and how surely it lies where.

For a step between values τ - 1 and τ of a series of n values with normal noise of deviation σ, the gain in squared
error is ``G(τ) = τ (n - τ) / n (mean after - mean before)²`` and the posterior under a flat prior ``∝ exp(G / 2σ²)``.
The interval is the shortest run of places around the best one that holds the wanted share of it.

Reference
---------
A. F. M. Smith, "A Bayesian approach to inference about a change-point in a sequence of random variables", Biometrika 62
(1975), 407-416.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Step(NamedTuple):
    """A change of level."""

    #: the first value of the new level, and the ends of the interval
    at: int
    low: int
    high: int
    #: new level less the old one
    size: float
    #: 2 log likelihood ratio against no change
    gain: float


def change_point(values: Floats, confidence: float = 0.9) -> Step | None:
    """Find the step that explains a series best; None for less than four values.

    Parameters
    ----------
    values
        Oldest first, shape (n,), finite.
    confidence
        Share of the posterior that the interval holds.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> step = change_point(np.concatenate([rng.normal(size=30), rng.normal(size=10) + 3]))
    >>> step.at, step.low <= 30 <= step.high, round(step.size)
    (30, True, 3)
    """
    n = values.size
    if n < 4:
        return None
    places = np.arange(1, n)
    sums = np.cumsum(values)
    before, after = sums[:-1] / places, (sums[-1] - sums[:-1]) / (n - places)
    gains = places * (n - places) / n * (after - before) ** 2
    best = int(gains.argmax())
    left = float(values.var() * n - gains[best])
    variance = max(left / max(n - 3, 1), 1e-18 * float(np.abs(values).max() ** 2 + 1))
    weights = np.exp((gains - gains[best]) / (2 * variance))
    low, high = _around(weights / weights.sum(), best, confidence)
    size = float(after[best] - before[best])
    return Step(best + 1, low + 1, high + 1, size, float(gains[best] / variance))


def _around(share: Floats, best: int, confidence: float) -> tuple[int, int]:
    """Grow a run of places to the side that holds more, until it holds enough."""
    low = high = best
    held = float(share[best])
    while held < confidence and (low > 0 or high < share.size - 1):
        left = float(share[low - 1]) if low > 0 else -1.0
        right = float(share[high + 1]) if high < share.size - 1 else -1.0
        if left >= right:
            low, held = low - 1, held + left
        else:
            high, held = high + 1, held + right
    return low, high
