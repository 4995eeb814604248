"""Two-sample Kolmogorov–Smirnov test: the largest gap between two empirical distribution functions.

The samples come sorted, so that a stored reference is sorted once and each check sorts only its own window.

Formula: ``D = sup_x |F_reference(x) - F_current(x)|``, in [0, 1].

p-value, by the rule of `scipy.stats.ks_2samp` (``method="auto"``): exact (lattice paths, Hodges 1958) while the
larger sample has at most 10,000 values, else the distribution of the one-sample statistic for the effective size
``n m / (n + m)`` (`kolmogorov`). With ties both are conservative: the true p-value is smaller.

References
----------
J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958), 469-486.
"""

from __future__ import annotations

import math
import warnings
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.kolmogorov import kolmogorov_sf
from duetmind_adaptive.stats.ks_exact import COUNTED_UP_TO, exact_sf

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: values in the larger sample up to which the p-value is exact
EXACT_UP_TO = 10_000
#: rows of the smaller sample up to which each is looked at
_LOOK_AT_ALL = 4_096
#: of more rows every 512th is looked at, then every 32nd where that could matter, then each
_STRIDES = (512, 32)


class KsResult(NamedTuple):
    """The distance and how likely one at least as large is when both samples come from one distribution."""

    statistic: float
    p_value: float


class _Shares(NamedTuple):
    """Shares of both samples strictly below, and at or below, some ascending points."""

    few_below: Floats
    few_up_to: Floats
    many_below: Floats
    many_up_to: Floats

    def largest_gap(self) -> float:
        """Return the largest gap of the two distribution functions at these points, approached from either side."""
        above = (self.few_up_to - self.many_up_to).max(initial=0.0)
        return float(max(above, (self.many_below - self.few_below).max(initial=0.0)))

    def bounds(self) -> Floats:
        """Return what no gap at a row of the smaller sample between one point and the next can exceed."""
        above = self.few_below[1:] - self.many_up_to[:-1]
        return np.maximum(above, self.many_below[1:] - self.few_up_to[:-1])


def _shares(few: Floats, many: Floats, places: Places) -> _Shares:
    """Of rows of the smaller sample, no two with the same value; searches are spared where no values are tied."""
    points = few[places]
    below, up_to = places, places + 1
    if ((few[places - 1] == points) | (few[up_to % few.size] == points)).any():
        below, up_to = np.searchsorted(few, points, side="left"), np.searchsorted(few, points, side="right")
    many_below = np.searchsorted(many, points, side="left")
    many_up_to = many_below
    if (many[np.minimum(many_below, many.size - 1)] == points).any():
        many_up_to = np.searchsorted(many, points, side="right")
    return _Shares(below / few.size, up_to / few.size, many_below / many.size, many_up_to / many.size)


def _distinct(few: Floats, places: Places) -> Places:
    """The last place of each value at ascending `places`: rows of one value have one gap."""
    points = few[places]
    return places[np.append(points[1:] != points[:-1], True)[: places.size]]


def _refine(places: Places, worth: NDArray[np.bool_], stride: int, finer: int) -> Places:
    """Return every `finer`-th place in those gaps between neighbours that are `worth` a look, and their ends."""
    within = places[:-1][worth, np.newaxis] + np.arange(0, stride + finer, finer)
    return np.minimum(within, places[1:][worth, np.newaxis]).ravel()


def ks_distance(reference: Floats, current: Floats) -> float:
    """Largest gap between the two empirical distribution functions.

    Only rows of the smaller sample need a look, each from both sides, because between two of them the gap is largest
    at an end. Of many rows every 512th is looked at first: in between, the gap cannot exceed a bound that follows
    from the counts at both ends, and only where the bound beats the largest gap seen so far are the rows in between
    looked at, every 32nd of them, then all. The result is that of looking at all rows, to the last bit.

    Parameters
    ----------
    reference, current
        Ascending, not empty, no NaN; ±inf are values like any other.

    Examples
    --------
    >>> ks_distance(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0]))
    0.5
    >>> ks_distance(np.array([1.0]), np.array([1.0, 1.0]))
    0.0
    """
    few, many = (current, reference) if current.size <= reference.size else (reference, current)
    if few.size <= _LOOK_AT_ALL:
        return _shares(few, many, _distinct(few, np.arange(few.size))).largest_gap()
    largest, places = 0.0, np.append(np.arange(0, few.size, _STRIDES[0]), few.size - 1)
    for stride, finer in pairwise((*_STRIDES, 1)):
        places = _distinct(few, places)
        shares = _shares(few, many, places)
        largest = max(largest, shares.largest_gap())
        places = _refine(places, shares.bounds() > largest, stride, finer)
    return max(largest, _shares(few, many, _distinct(few, places)).largest_gap())


def ks_two_sample(reference: Floats, current: Floats, exact_up_to: int = EXACT_UP_TO) -> KsResult:
    """Distance and two-sided p-value of two ascending samples.

    Parameters
    ----------
    reference, current
        Ascending, not empty, no NaN.
    exact_up_to
        Rows of the larger sample up to which the p-value is exact. The default is SciPy's. The exact one costs
        milliseconds and the other a tenth of one, and for 100 to 1,000 rows against 5,000 to 10,000 they differ by
        less than 3 % of the p-value down to 1e-5.

    Examples
    --------
    >>> result = ks_two_sample(np.arange(50.0), np.arange(50.0) + 20)
    >>> result.statistic, round(result.p_value, 6)
    (0.4, 0.000582)
    """
    distance = ks_distance(reference, current)
    larger = max(reference.size, current.size)
    if larger <= exact_up_to and larger > COUNTED_UP_TO and reference.size != current.size:
        return _by_scipy(reference, current)
    exact = exact_sf(reference.size, current.size, distance) if larger <= exact_up_to else math.inf
    if exact <= 1.0:  # beyond 1 by rounding, SciPy goes on to the other distribution, and so do we
        return KsResult(distance, exact)
    effective = float(reference.size) * current.size / (float(reference.size) + current.size)
    return KsResult(distance, kolmogorov_sf(round(effective), distance))


def _by_scipy(reference: Floats, current: Floats) -> KsResult:
    """SciPy's exact count, which is compiled."""
    from scipy.stats import ks_2samp  # noqa: PLC0415 - a second of import, for sizes that checks do not ask for

    with warnings.catch_warnings():
        # an exact count that overflows falls back to the asymptotic value: the rule, no news
        warnings.simplefilter("ignore", RuntimeWarning)
        return KsResult(*np.asarray(ks_2samp(reference, current), dtype=np.float64).tolist())
