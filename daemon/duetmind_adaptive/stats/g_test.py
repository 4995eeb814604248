"""G test (likelihood ratio) of homogeneity: whether two samples fall into the same categories at the same rates.

Formula: ``G = 2 Σ observed ln(observed / expected)`` over the 2 × k table, ``k - 1`` degrees of freedom; empty cells
add nothing. Rare categories are pooled first, by the rule of chi-square. Of the two it is the likelihood ratio:
G of nested tables adds up, and divided by 2 N it is the mutual information of sample and category in nats.

References
----------
S. S. Wilks, "The likelihood test of independence in contingency tables", Ann. Math. Stat. 6 (1935), 190-196.
W. G. Cochran, "Some methods for strengthening the common χ² tests", Biometrics 10 (1954), 417-451.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, rel_entr

from duetmind_adaptive.stats.chi_square import MINIMUM_EXPECTED, homogeneous_cells


class GTestResult(NamedTuple):
    """The statistic, its degrees of freedom and its upper tail probability."""

    statistic: float
    degrees: int
    p_value: float


def g_test(
    reference: NDArray[np.float64], current: NDArray[np.float64], minimum_expected: float = MINIMUM_EXPECTED
) -> GTestResult | None:
    """Compare two vectors of counts over the same categories.

    Parameters
    ----------
    reference, current
        Counts per category, aligned; zeros allowed.
    minimum_expected
        Cells expected below this are pooled; 0 pools nothing.

    Returns
    -------
    GTestResult or None
        None when fewer than two cells remain: the samples are too small, or hold one category only.

    Examples
    --------
    >>> result = g_test(np.array([90.0, 10.0]), np.array([70.0, 30.0]))
    >>> round(result.statistic, 6), result.degrees, round(result.p_value, 6)
    (12.971514, 1, 0.000316)
    >>> g_test(np.array([9.0]), np.array([7.0])) is None
    True
    """
    cells = homogeneous_cells(reference, current, minimum_expected)
    if cells is None:
        return None
    observed, expected = cells
    statistic = max(0.0, 2 * float(rel_entr(observed, expected).sum()))
    degrees = observed.shape[1] - 1
    return GTestResult(statistic, degrees, float(chdtrc(degrees, statistic)))
