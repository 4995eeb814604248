"""Jensen–Shannon distance: how far two histograms lie apart, in [0, 1], always finite.

Formula: ``JS = √(½ Σ p log₂(p / m) + ½ Σ q log₂(q / m))`` over the shares p and q and their mean m. It is a metric: the
square root of the divergence. Equal to `scipy.spatial.distance.jensenshannon` with base 2. The divergence is biased
upwards in small samples, by about ``(k - 1) (1/n + 1/m) / (8 ln 2)`` over k cells.

Reference
---------
D. M. Endres, J. E. Schindelin, "A new metric for probability distributions", IEEE Trans. Inf. Theory 49 (2003),
1858-1860.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr


def jensen_shannon(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Distance of two vectors of counts over the same cells, neither of them all zero; base 2.

    Examples
    --------
    >>> jensen_shannon(np.array([5.0, 0.0]), np.array([0.0, 2.0]))
    1.0
    >>> round(jensen_shannon(np.array([50.0, 50.0]), np.array([80.0, 20.0])), 6)
    0.270378
    """
    before, after = reference / reference.sum(), current / current.sum()
    mean = (before + after) / 2
    divergence = float(rel_entr(before, mean).sum() + rel_entr(after, mean).sum()) / math.log(2) / 2
    return math.sqrt(max(divergence, 0.0))
