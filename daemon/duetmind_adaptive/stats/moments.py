"""Count, mean, spread and extremes of a sample, in a form that adds up.

Formula: of two parts with n and m rows, means a and b and sums of squared deviations A and B, the whole has the mean
``a + (b - a) m / (n + m)`` and the sum ``A + B + (b - a)² n m / (n + m)``. Counts and extremes add up exactly, mean and
spread to within rounding, whatever the order.

Reference
---------
T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance: analysis and recommendations",
The American Statistician 37 (1983), 242-247.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Moments(NamedTuple):
    """Of finite values; of none, the mean is 0 and the extremes are those of an empty set."""

    rows: int = 0
    mean: float = 0.0
    #: sum of squared deviations from the mean
    squares: float = 0.0
    least: float = math.inf
    greatest: float = -math.inf

    @property
    def deviation(self) -> float:
        """Standard deviation of the rows (``ddof=0``); 0 of none."""
        return math.sqrt(self.squares / self.rows) if self.rows else 0.0


def moments(ascending: NDArray[np.float64]) -> Moments:
    """Of an ascending sample without NaN or infinity.

    Examples
    --------
    >>> moments(np.array([1.0, 3.0]))
    Moments(rows=2, mean=2.0, squares=2.0, least=1.0, greatest=3.0)
    """
    if not ascending.size:
        return Moments()
    with np.errstate(over="ignore", invalid="ignore"):  # sums beyond the largest float are infinite, or unknown
        mean = float(ascending.mean())
        apart = ascending - mean
        squares = float(np.dot(apart, apart))
    return Moments(ascending.size, mean, squares, float(ascending[0]), float(ascending[-1]))


def merge(one: Moments, other: Moments) -> Moments:
    """The moments of both samples together.

    Examples
    --------
    >>> merge(moments(np.array([1.0])), moments(np.array([3.0]))) == moments(np.array([1.0, 3.0]))
    True
    """
    if not one.rows or not other.rows:
        return one if one.rows else other
    rows = one.rows + other.rows
    apart = other.mean - one.mean
    return Moments(
        rows,
        one.mean + apart * other.rows / rows,
        one.squares + other.squares + apart * apart * one.rows * other.rows / rows,
        min(one.least, other.least),
        max(one.greatest, other.greatest),
    )
