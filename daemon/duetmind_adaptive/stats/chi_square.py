"""Chi-square test of homogeneity: whether two samples fall into the same categories at the same rates.

Formula: ``X² = Σ (observed - expected)² / expected`` over the 2 × k table, ``k - 1`` degrees of freedom, no continuity
correction. The approximation needs filled cells, so categories whose smaller expected count is below 5 are pooled
into one cell first (Cochran's rule); pooling looks at the column totals only, which keeps the test valid.

References
----------
K. Pearson, "On the criterion that a given system of deviations …", Philosophical Magazine 50 (1900), 157-175.
W. G. Cochran, "Some methods for strengthening the common χ² tests", Biometrics 10 (1954), 417-451.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

#: smallest expected count a cell may have before it is pooled
MINIMUM_EXPECTED = 5.0


class ChiSquareResult(NamedTuple):
    """The statistic, its degrees of freedom and its upper tail probability."""

    statistic: float
    degrees: int
    p_value: float


def _smaller_expected(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = counts.sum(axis=1).tolist()
    return (counts[0] + counts[1]) * min(rows) / max(sum(rows), 1.0)


def is_sparse(
    reference: NDArray[np.float64], current: NDArray[np.float64], minimum_expected: float = MINIMUM_EXPECTED
) -> NDArray[np.bool_]:
    """Which categories are too rare for a cell of their own.

    Examples
    --------
    >>> is_sparse(np.array([90.0, 10.0]), np.array([8.0, 2.0]))
    array([False,  True])
    """
    return _smaller_expected(np.vstack([reference, current])) < minimum_expected


def pool_sparse(counts: NDArray[np.float64], minimum_expected: float = MINIMUM_EXPECTED) -> NDArray[np.float64]:
    """Merge the columns of a 2 × k table that are too rare to be cells of their own; empty columns vanish.

    Columns are merged from the rarest up, until the merged cell and every other one reach `minimum_expected` in
    both rows (or only one column is left).

    Examples
    --------
    >>> pool_sparse(np.array([[50.0, 40.0, 6.0, 4.0], [55.0, 43.0, 1.0, 1.0]]))
    array([[50., 40., 10.],
           [55., 43.,  2.]])
    """
    expected = _smaller_expected(counts)
    if not expected.all():
        counts, expected = counts[:, expected > 0], expected[expected > 0]
    if expected.min(initial=np.inf) >= minimum_expected:
        return counts
    order = np.argsort(expected, kind="stable")
    expected = expected[order]
    sparse = int(np.searchsorted(expected, minimum_expected, side="left"))
    if 0 < expected[:sparse].sum() < minimum_expected:
        sparse = min(sparse + 1, expected.size)
    kept, merged = np.sort(order[sparse:]), order[:sparse]
    pooled = counts[:, merged].sum(axis=1, keepdims=True)
    return np.hstack([counts[:, kept], pooled]) if pooled.any() else counts[:, kept]


def homogeneous_cells(
    reference: NDArray[np.float64], current: NDArray[np.float64], minimum_expected: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Observed counts, sparse cells pooled, and those expected were both samples of one; None below two cells.

    Both have shape (2, cells): the reference's row, then the current one's.
    """
    observed = pool_sparse(np.array([reference, current], dtype=np.float64), minimum_expected)
    rows = observed.sum(axis=1, keepdims=True)
    if observed.shape[1] < 2 or not rows.all():
        return None
    return observed, rows * (observed[0] + observed[1]) / rows.sum()


def chi_square(
    reference: NDArray[np.float64], current: NDArray[np.float64], minimum_expected: float = MINIMUM_EXPECTED
) -> ChiSquareResult | None:
    """Compare two vectors of counts over the same categories.

    Parameters
    ----------
    reference, current
        Counts per category, aligned; zeros allowed.
    minimum_expected
        Cells expected below this are pooled; 0 pools nothing.

    Returns
    -------
    ChiSquareResult or None
        None when fewer than two cells remain: the samples are too small, or hold one category only.

    Examples
    --------
    >>> result = chi_square(np.array([90.0, 10.0]), np.array([70.0, 30.0]))
    >>> round(result.statistic, 6), result.degrees, round(result.p_value, 6)
    (12.5, 1, 0.000407)
    >>> chi_square(np.array([9.0]), np.array([7.0])) is None
    True
    """
    cells = homogeneous_cells(reference, current, minimum_expected)
    if cells is None:
        return None
    observed, expected = cells
    statistic = float(((observed - expected) ** 2 / expected).sum())
    degrees = observed.shape[1] - 1
    return ChiSquareResult(statistic, degrees, float(chdtrc(degrees, statistic)))
