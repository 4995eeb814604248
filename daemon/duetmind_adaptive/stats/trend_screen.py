"""A quick look at many series for those that may have a trend: the largest t of straight lines over newest stretches.

Lines are fitted by least squares to the newest n, n / 1.5, n / 1.5² … values, at least `FEWEST`. Neighbours are taken
as independent, so this finds too many and never decides; what it leaves out would not pass a closer look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: values that a line is fitted to, at least; each stretch is shorter than the one before by this factor
FEWEST, SHORTER = 10, 1.5


class Steepest(NamedTuple):
    """The line with the largest t of each series, both of shape (c,)."""

    t: Floats
    #: per value
    slope: Floats


def steepest(values: Floats) -> Steepest:
    """Look for upward lines.

    Parameters
    ----------
    values
        A series in each row, oldest first, shape (c, n), finite.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(2, 40))
    >>> steepest(noise + np.array([[0.0], [0.3]]) * np.arange(40)).t.round(1)
    array([ 0.7, 29.4])
    """
    t, slope = np.full(len(values), -np.inf), np.zeros(len(values))
    for stretch in _stretches(values.shape[1]):
        found_t, found_slope = _lines(values[:, -stretch:])
        better = found_t > t
        t, slope = np.where(better, found_t, t), np.where(better, found_slope, slope)
    return Steepest(t, slope)


def _stretches(n: int) -> Iterator[int]:
    while n >= FEWEST:
        yield n
        n = int(n / SHORTER)


def _lines(values: Floats) -> tuple[Floats, Floats]:
    n = values.shape[1]
    places = np.arange(n) - (n - 1) / 2
    centred = values - values.mean(axis=1, keepdims=True)
    spread = float(places @ places)
    slopes = centred @ places / spread
    left = np.einsum("ij,ij->i", centred, centred) - slopes**2 * spread
    errors = np.sqrt(np.maximum(left, 0.0) / (n - 2) / spread)
    return np.divide(slopes, errors, out=np.where(slopes > 0, np.inf, 0.0), where=errors > 0), slopes
