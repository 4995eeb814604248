"""Energy distance: how far two distributions lie apart, in the square root of the column's unit.

Formula: ``E = √(2 ∫ (F_reference(x) - F_current(x))² dx)``, which is ``√(2 E|X-Y| - E|X-X'| - E|Y-Y'|)``. Zero exactly
when the samples have the same distribution. Equal to `scipy.stats.energy_distance`.

Rows at ±inf: when the two samples have them in different shares the distance is infinite; equal shares cost nothing.

Reference
---------
G. J. Székely, M. L. Rizzo, "Energy statistics: a class of statistics based on distances", J. Stat. Planning and
Inference 143 (2013), 1249-1272.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.pooled import Pooled, pool


def energy_distance(
    reference: NDArray[np.float64], current: NDArray[np.float64], merged: Pooled | None = None
) -> float:
    """Energy distance of two ascending samples, neither empty, without NaN.

    Parameters
    ----------
    reference, current
        Ascending.
    merged
        `pool(reference, current)`, if at hand.

    Examples
    --------
    >>> round(energy_distance(np.array([0.0]), np.array([2.0])), 12)
    2.0
    >>> round(energy_distance(np.array([0.7, 2.4, 6.8, 7.4]), np.array([1.4, 8.0])), 6)
    0.766485
    """
    values, before, after = merged or pool(reference, current)
    gaps = before[:-1] / before[-1] - after[:-1] / after[-1]
    apart = gaps != 0
    return float(np.sqrt(2 * np.dot(gaps[apart] ** 2, (values[1:] - values[:-1])[apart])))
