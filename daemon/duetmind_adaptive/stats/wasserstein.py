"""Wasserstein distance (earth mover's): how far the rows of one sample have to travel to become the other, on average.

It has the column's unit; divided by the reference's standard deviation it can be compared between columns: a shift of
all rows by 0.2 standard deviations is 0.2.

Formula: ``W = ∫ |F_reference(x) - F_current(x)| dx = ∫_0^1 |Q_reference(u) - Q_current(u)| du``. The second form needs
no merge: the quantile functions Q of sorted samples are the samples themselves, and their steps, at i/n and j/m, fall
together by integer arithmetic. Equal to `scipy.stats.wasserstein_distance`.

Rows at ±inf: when the two samples have them in different shares the distance is infinite; equal shares cost nothing.

Reference
---------
S. S. Vallender, "Calculation of the Wasserstein distance between probability distributions on the line", Theory of
Probability and its Applications 18 (1974), 784-786.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: rows of the larger sample handled at a time, so that what is in work stays in the processor's cache
_CHUNK = 32_768


def wasserstein_distance(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Distance of two ascending samples, neither empty, without NaN.

    Examples
    --------
    >>> wasserstein_distance(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0]))
    5.0
    >>> wasserstein_distance(np.array([0.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0, 1.0])).__round__(12)
    0.1
    """
    few, many = (current, reference) if current.size <= reference.size else (reference, current)
    lower = [int(np.searchsorted(side, -math.inf, side="right")) for side in (few, many)]
    upper = [int(np.searchsorted(side, math.inf, side="left")) for side in (few, many)]
    if lower[0] * many.size != lower[1] * few.size or upper[0] * many.size != upper[1] * few.size:
        return math.inf
    if upper[0] == lower[0]:
        return 0.0
    share = (upper[0] - lower[0]) / few.size
    return share * _between_quantiles(few[lower[0] : upper[0]], many[lower[1] : upper[1]])


def standardised_wasserstein(
    reference: NDArray[np.float64], current: NDArray[np.float64], deviation: float | None = None
) -> float:
    """Distance in standard deviations of the reference (of its rows, ``ddof=0``).

    Parameters
    ----------
    reference, current
        Ascending, not empty, finite.
    deviation
        The reference's, if at hand. Where it is 0 the result is infinite, or 0 when nothing moved.

    Examples
    --------
    >>> standardised_wasserstein(np.array([-1.0, 1.0]), np.array([-0.5, 1.5]))
    0.5
    >>> standardised_wasserstein(np.array([3.0]), np.array([3.1]))
    inf
    """
    distance = wasserstein_distance(reference, current)
    unit = float(reference.std()) if deviation is None else deviation
    if unit > 0:
        return distance / unit
    return math.inf if distance > 0 else 0.0


def _between_quantiles(few: NDArray[np.float64], many: NDArray[np.float64]) -> float:
    """``∫ |Q_few - Q_many|`` of finite samples."""
    step = max(1, _CHUNK * few.size // many.size)
    return max(0.0, math.fsum(_travel(few, many, first, first + step) for first in range(0, few.size, step)))


def _travel(few: NDArray[np.float64], many: NDArray[np.float64], first: int, last: int) -> float:
    """Charge every row of `many` against the row of `few` where its share begins, for rows `first` to `last` of `few`.

    A step j/m of `few` that falls inside the share ``[i/n, (i+1)/n)`` of a row of `many` splits that row: what lies
    behind the step is charged against the next row of `few` instead.
    """
    n, m = many.size, few.size
    facing = few[first:last]
    if n == m:
        return float(np.abs(many[first:last] - facing).sum()) / n
    steps = np.arange(first, first + facing.size + 1) * n
    starts = -(-steps // m)
    gaps = many[starts[0] : starts[-1]] - np.repeat(facing, np.diff(starts))
    total = float(np.abs(gaps, out=gaps).sum()) / n
    behind = (starts * m - steps)[1:-1] if last >= m else (starts * m - steps)[1:]
    split = many[starts[1 : behind.size + 1] - 1]
    following = few[first + 1 : first + 1 + behind.size]
    moved = np.dot(behind, np.abs(split - following) - np.abs(split - facing[: behind.size]))
    return total + float(moved) / n / m
