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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp, kstwo

#: values in the larger sample up to which the p-value is exact
EXACT_UP_TO = 10_000


class KsResult(NamedTuple):
    """The distance and how likely one at least as large is when both samples come from one distribution."""

    statistic: float
    p_value: float


def ks_distance(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Largest gap between the two empirical distribution functions.

    Costs O(n log m) for the smaller size n and the larger m: only the points of the smaller sample are visited,
    each from both sides, because between two of them the gap is largest at an end.

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
    few_before = np.searchsorted(few, few, side="left") / few.size
    few_up_to = np.searchsorted(few, few, side="right") / few.size
    many_before = np.searchsorted(many, few, side="left") / many.size
    many_up_to = np.searchsorted(many, few, side="right") / many.size
    return float(max((few_up_to - many_up_to).max(), (many_before - few_before).max(), 0.0))


def ks_two_sample(reference: NDArray[np.float64], current: NDArray[np.float64]) -> KsResult:
    """Distance and two-sided p-value of two ascending samples.

    Parameters
    ----------
    reference, current
        Ascending, not empty, no NaN.

    Examples
    --------
    >>> result = ks_two_sample(np.arange(50.0), np.arange(50.0) + 20)
    >>> result.statistic, round(result.p_value, 6)
    (0.4, 0.000582)
    """
    if max(reference.size, current.size) <= EXACT_UP_TO:
        with warnings.catch_warnings():
            # an exact count that overflows falls back to the asymptotic value: the rule, no news
            warnings.simplefilter("ignore", RuntimeWarning)
            statistic, p_value = np.asarray(ks_2samp(reference, current), dtype=np.float64).tolist()
        return KsResult(statistic, p_value)
    distance = ks_distance(reference, current)
    effective = float(reference.size) * current.size / (float(reference.size) + current.size)
    return KsResult(distance, float(np.clip(kstwo.sf(distance, np.round(effective)), 0.0, 1.0)))
