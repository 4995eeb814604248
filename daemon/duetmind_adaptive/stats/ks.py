"""Two-sample Kolmogorov–Smirnov test: the largest gap between two empirical distribution functions.

The samples come sorted, so that a stored reference is sorted once and each check sorts only its own window.

Formula: ``D = sup_x |F_reference(x) - F_current(x)|``, in [0, 1].

p-value, by the rule of `scipy.stats.ks_2samp` (``method="auto"``): exact (lattice paths, Hodges 1958) while the
larger sample has at most 10,000 values, else the distribution of the one-sample statistic for the effective size
``n m / (n + m)`` (Simard & L'Ecuyer 2011). With ties both are conservative: the true p-value is smaller.

References
----------
J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958), 469-486.
R. Simard, P. L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution", J. Stat. Software 39 (2011), 11.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp, kstwo

Floats = NDArray[np.float64]

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


def _shares(few: Floats, many: Floats, points: Floats) -> _Shares:
    return _Shares(
        np.searchsorted(few, points, side="left") / few.size,
        np.searchsorted(few, points, side="right") / few.size,
        np.searchsorted(many, points, side="left") / many.size,
        np.searchsorted(many, points, side="right") / many.size,
    )


def _refine(places: NDArray[np.intp], worth: NDArray[np.bool_], stride: int, finer: int) -> NDArray[np.intp]:
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
        return _shares(few, many, few).largest_gap()
    largest, places = 0.0, np.append(np.arange(0, few.size, _STRIDES[0]), few.size - 1)
    for stride, finer in pairwise((*_STRIDES, 1)):
        shares = _shares(few, many, few[places])
        largest = max(largest, shares.largest_gap())
        places = _refine(places, shares.bounds() > largest, stride, finer)
    return max(largest, _shares(few, many, few[places]).largest_gap())


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
    if max(reference.size, current.size) <= exact_up_to:
        with warnings.catch_warnings():
            # an exact count that overflows falls back to the asymptotic value: the rule, no news
            warnings.simplefilter("ignore", RuntimeWarning)
            statistic, p_value = np.asarray(ks_2samp(reference, current), dtype=np.float64).tolist()
        return KsResult(statistic, p_value)
    distance = ks_distance(reference, current)
    effective = float(reference.size) * current.size / (float(reference.size) + current.size)
    return KsResult(distance, float(np.clip(kstwo.sf(distance, np.round(effective)), 0.0, 1.0)))
