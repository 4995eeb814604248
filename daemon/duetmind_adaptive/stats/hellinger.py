"""Hellinger distance: how far two histograms lie apart, from 0 to 1; rare cells weigh more than in total variation.

Formula: ``H = √(½ Σ (√p - √q)²)`` over the shares p and q. It bounds the total variation TV on both sides:
``H² ≤ TV ≤ H √(2 - H²)``.

Reference
---------
L. Le Cam, G. L. Yang, "Asymptotics in Statistics", 2nd ed., Springer (2000), section 3.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hellinger(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Distance of two vectors of counts over the same cells, neither of them all zero.

    Examples
    --------
    >>> hellinger(np.array([5.0, 0.0]), np.array([0.0, 2.0]))
    1.0
    >>> round(hellinger(np.array([50.0, 50.0]), np.array([80.0, 20.0])), 6)
    0.226532
    """
    gaps = np.sqrt(reference / reference.sum()) - np.sqrt(current / current.sum())
    return float(min(np.sqrt((gaps**2).sum() / 2), 1.0))
