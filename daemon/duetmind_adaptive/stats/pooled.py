"""Two ascending samples laid together: the distinct values of both, and how many of each sample lie at or below them.

Cramér–von Mises, Anderson–Darling and the energy distance are all sums over these counts, so that one merge serves
them all. The merge costs one binary search per value of the smaller sample and a few passes over both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Pooled(NamedTuple):
    """The two empirical distribution functions, as counts, at every distinct value."""

    #: distinct, ascending
    values: NDArray[np.float64]
    #: values of the reference that are at most this one; the last is the reference's size
    reference: NDArray[np.intp]
    #: the same of the current sample
    current: NDArray[np.intp]


def pool(reference: NDArray[np.float64], current: NDArray[np.float64]) -> Pooled:
    """Merge two ascending samples, neither empty, without NaN; ±inf are values like any other.

    Examples
    --------
    >>> merged = pool(np.array([1.0, 2.0, 2.0]), np.array([2.0, 5.0]))
    >>> merged.values, merged.reference, merged.current
    (array([1., 2., 5.]), array([1, 3, 3]), array([0, 1, 2]))
    """
    if current.size > reference.size:
        values, theirs, ours = pool(current, reference)
        return Pooled(values, ours, theirs)
    total = reference.size + current.size
    places = np.searchsorted(reference, current, side="right") + np.arange(current.size)
    is_current = np.zeros(total, dtype=np.bool_)
    is_current[places] = True
    together = np.empty(total)
    together[places] = current
    together[~is_current] = reference
    last = np.append(np.flatnonzero(together[1:] != together[:-1]), total - 1)
    up_to = np.cumsum(is_current, dtype=np.intp)[last]
    return Pooled(together[last], last + 1 - up_to, up_to)
