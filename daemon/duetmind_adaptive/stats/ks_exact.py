"""Exact p-value of the two-sample Kolmogorov–Smirnov statistic: the share of lattice paths that leave a band.

Laid together in order, n and m values without ties are a path from (0, 0) to (n, m), each path as likely as any other
when both samples come from one distribution; the statistic reaches d where the path leaves the band
``|i/n - j/m| < d``. Equal sizes have a closed form (Gnedenko & Korolyuk); others are counted row by row.

References
----------
B. V. Gnedenko, V. S. Korolyuk, "On the maximum discrepancy between two empirical distributions", Dokl. Akad. Nauk SSSR
80 (1951), 525-528.
J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958), 469-486.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: values in the larger sample up to which paths are counted here: their number still fits a float
COUNTED_UP_TO = 500


def exact_sf(first: int, second: int, distance: float) -> float:
    """``P(D ≥ d)`` for samples of these sizes, equal or at most `COUNTED_UP_TO`; d is a distance that they can have.

    Rounding may take a certainty a hair beyond 1.

    Examples
    --------
    >>> round(exact_sf(50, 50, 0.4), 6), round(exact_sf(3, 4, 0.75), 6)
    (0.000582, 0.228571)
    """
    divisor = math.gcd(first, second)
    steps = round(distance * (first // divisor * second))
    if not steps:
        return 1.0
    if first == second:
        return _equal_sizes(first, steps)
    return _counted(first, second, steps)


def _equal_sizes(size: int, steps: int) -> float:
    """``2 Σ_k (-1)^(k+1) C(2n, n - k h) / C(2n, n)``, by Horner's scheme in the quotients of neighbouring terms."""
    total = 0.0
    for count in range(size // steps, -1, -1):
        ratio, gone = 1.0, count * steps
        for place in range(steps):
            ratio *= (size - gone - place) / (size + gone + place + 1)
        total = ratio * (1 - total)
    return 2 * total


def _counted(first: int, second: int, steps: int) -> float:
    """Count all paths, and those that have left the band by then, to each point of a row after the other."""
    divisor = math.gcd(first, second)
    across, along = second // divisor, first // divisor
    every: NDArray[np.float64] = np.ones(second + 1)
    left = every
    for row in range(first + 1):
        low = max((across * row - steps) // along + 1, 0)
        high = min(-((-across * row - steps) // along), second + 1)
        every = np.cumsum(every) if row else every
        inside = np.cumsum(left[low:high]) if row else np.zeros(high - low)
        left = every.copy()
        left[low:high] = inside + (every[low - 1] if low else 0.0)
    return float(left[-1] / every[-1])
