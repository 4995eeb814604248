"""How rarely a value as large as this comes: from a sample inside it, and from its fitted tail beyond.

Values above a high threshold u exceed it by a generalised Pareto distribution (peaks over threshold):
``P(X > x) = share · (1 + ξ (x - u) / σ)^(-1/ξ)``. Scale and shape are fitted by probability-weighted moments, and the
shape, which decides how far beyond the sample one may look, is taken one standard error heavier and never lighter than
exponential: what is called rare is rather too common than too rare.

References
----------
J. Pickands, "Statistical inference using extreme order statistics", Ann. Statist. 3 (1975), 119-131.
J. R. M. Hosking, J. R. Wallis, "Parameter and quantile estimation for the generalized Pareto distribution",
Technometrics 29 (1987), 339-349.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: share of the sample that is its tail, and values of it at least and at most
SHARE, FEWEST, MOST = 0.05, 20, 400
#: a tail heavier than this has no mean, and nothing is far beyond it
HEAVIEST = 0.9
#: of a tail that is one value, which tells no shape
TIED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The upper tail of a sample."""

    #: of shape (n,)
    ascending: Floats
    threshold: float
    scale: float
    shape: float
    #: of the sample, above the threshold
    share: float

    @classmethod
    def fit(cls, values: Floats) -> Tail:
        """Learn a tail.

        Parameters
        ----------
        values
            The sample, finite, shape (n,), n ≥ 2, in any order.

        Examples
        --------
        >>> tail = Tail.fit(np.random.default_rng(1).exponential(size=5_000))
        >>> np.exp(tail.log_share_beyond(np.array([1.0, 12.0]))).round(6)
        array([3.71726e-01, 3.60000e-05])
        """
        ascending = np.sort(values)
        kept = min(max(int(SHARE * values.size), FEWEST), MOST, values.size - 1)
        threshold = float(ascending[-kept - 1])
        excess = ascending[-kept:] - threshold
        scale, shape = _pareto(excess)
        return cls(ascending, threshold, max(scale, _least_scale(ascending)), shape, kept / values.size)

    def log_share_beyond(self, values: Floats) -> Floats:
        """Natural logarithm of the probability of a value at least as large; shape (m,) as given."""
        n = self.ascending.size
        order = np.argsort(values)  # places of ascending values are found several times faster
        as_large = np.empty(values.size, dtype=np.int64)
        as_large[order] = n - np.searchsorted(self.ascending, values[order], "left")
        inside = np.log((as_large + 1) / (n + 1))
        beyond = self._log_pareto(np.maximum(values - self.threshold, 0.0))
        # the largest of the sample are as rare as it shows, whatever was fitted
        return np.where(as_large > 0, inside, np.minimum(beyond - self._log_pareto_at_end(), 0.0) - np.log(n + 1))

    def _log_pareto(self, excess: Floats) -> Floats:
        if self.shape < 1e-6:
            return np.log(self.share) - excess / self.scale
        return np.log(self.share) - np.log1p(self.shape * excess / self.scale) / self.shape

    def _log_pareto_at_end(self) -> float:
        return float(self._log_pareto(self.ascending[-1:] - self.threshold)[0])


def _pareto(excess: Floats) -> tuple[float, float]:
    """Scale and shape of ascending excesses."""
    count = excess.size
    mean = float(excess.mean())
    weighted = float(((1 - (np.arange(1, count + 1) - 0.35) / count) * excess).mean())
    if mean <= 0:
        return 0.0, TIED
    if mean <= 2 * weighted:
        return mean, HEAVIEST
    shape = 2 - mean / (mean - 2 * weighted)
    cautious = min(max(shape, 0.0) + (1 + max(shape, 0.0)) / count**0.5, HEAVIEST)
    return mean * (1 - min(max(shape, 0.0), HEAVIEST)), cautious


def _least_scale(ascending: Floats) -> float:
    """A twentieth of the quartiles' distance, or the usual one of neighbouring values: clusters have no tail."""
    middle = np.quantile(ascending, [0.25, 0.75])
    gaps = np.diff(np.unique(ascending))
    if gaps.size:
        return max(float(middle[1] - middle[0]) / 20, float(np.median(gaps)))
    return max(0.01 * abs(float(ascending[0])), 1e-9)
