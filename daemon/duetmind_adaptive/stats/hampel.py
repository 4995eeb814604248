"""Hampel's filter: single values far from their neighbours are replaced by their running median.

A value is replaced when it lies further from the median of itself and its three neighbours on both sides than four
times what the series' values usually lie from theirs (1.4826 times the median distance, which of normal noise is one
standard deviation).

Reference
---------
L. Davies, U. Gather, "The identification of multiple outliers", JASA 88 (1993), 782-792.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: neighbours on each side, and deviations that a value may lie off
SIDE, MOST = 3, 4.0
#: of normal values, a standard deviation in terms of the median distance
NORMAL = 1.4826


def without_outliers(values: Floats) -> Floats:
    """The series with its single outliers replaced; shape (n,) as given.

    >>> without_outliers(np.array([1.0, 1.1, 0.9, 50.0, 1.0, 1.2, 0.8, 1.0]))[3]
    np.float64(1.0)
    """
    if values.size <= 2 * SIDE:
        return values
    padded = np.pad(values, SIDE, mode="reflect")
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * SIDE + 1), axis=1)
    off = np.abs(values - medians)
    return np.where(off > MOST * NORMAL * np.median(off), medians, values)
