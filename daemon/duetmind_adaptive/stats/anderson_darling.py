"""Two-sample Anderson–Darling test: the squared gap between two distribution functions, weighted to the tails.

Formula (midrank version, k = 2):
``A² = (N-1)/N · (1/n + 1/m) Σ_j l_j/N · (N M_j - B_j n)² / (B_j (N - B_j) - N l_j/4)`` the distinct pooled values,
where l_j rows are tied at the j-th, ``B_j`` and ``M_j`` are the rows of both samples and of the reference below it plus
half of those at it. The statistic returned is standardised: ``(A² - 1) / σ_N``.

p-value, by the rule of `scipy.stats.anderson_ksamp` where its table reaches, from 0.25 to 0.001: a parabola through the
logarithms of the tabulated levels. Where it ends `beyond_table` is true. Above, the p-value says "at least 0.25".
Below, where SciPy says "at most 0.001" and no correction over many columns could be survived, it is the tail of the
limit ``Σ χ²_j / (j (j + 1))``, whose first term has the largest weight, 1/2, so that by Zolotarev
``P(A² > a) → erfc(√a) Π_{j>1} (1 - 2 / (j (j + 1)))^(-1/2) = √3 erfc(√a)``; it meets the table's end within 7 %.

References
----------
F. W. Scholz, M. A. Stephens, "K-sample Anderson-Darling tests", JASA 82 (1987), 918-924.
V. M. Zolotarev, "Concerning a certain probability problem", Theory of Probability and its Applications 6 (1961),
201-204.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, zeta

from duetmind_adaptive.stats.pooled import Pooled, pool

#: significance levels of the table, and the standardised statistics that reach them for two samples
LEVELS = np.array([0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001])
_CRITICAL = (
    np.array([0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085])
    + np.array([-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615])
    + np.array([-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154])
)
_PARABOLA = np.polyfit(_CRITICAL, np.log(LEVELS), 2)
#: rows of both samples together below which the variance is not defined
_FEWEST = 4


class AndersonDarlingResult(NamedTuple):
    """The standardised statistic (0 on average without drift), its p-value, and whether that is beyond the table."""

    statistic: float
    p_value: float
    beyond_table: bool


def anderson_darling(
    reference: NDArray[np.float64], current: NDArray[np.float64], merged: Pooled | None = None
) -> AndersonDarlingResult | None:
    """Compare two ascending samples.

    Parameters
    ----------
    reference, current
        Ascending, not empty, no NaN; ±inf are values like any other.
    merged
        `pool(reference, current)`, if at hand.

    Returns
    -------
    AndersonDarlingResult or None
        None when all values are equal, or when there are fewer than four rows in all.

    Examples
    --------
    >>> result = anderson_darling(np.arange(50.0), np.arange(50.0) + 8)
    >>> round(result.statistic, 6), round(result.p_value, 6), result.beyond_table
    (3.906748, 0.008748, False)
    >>> anderson_darling(np.arange(50.0), np.arange(50.0) + 30).beyond_table
    True
    """
    total = reference.size + current.size
    merged = merged or pool(reference, current)
    if merged.values.size < 2 or total < _FEWEST:
        return None
    raw = _raw_statistic(merged)
    statistic = (raw - 1) / _deviation(float(reference.size), float(current.size))
    if statistic < _CRITICAL[0]:
        return AndersonDarlingResult(statistic, float(LEVELS[0]), beyond_table=True)
    if statistic > _CRITICAL[-1]:
        tail = min(float(LEVELS[-1]), math.sqrt(3) * math.erfc(math.sqrt(raw)))
        return AndersonDarlingResult(statistic, tail, beyond_table=True)
    return AndersonDarlingResult(statistic, math.exp(np.polyval(_PARABOLA, statistic)), beyond_table=False)


def _raw_statistic(merged: Pooled) -> float:
    n, m = float(merged.reference[-1]), float(merged.current[-1])
    total = n + m
    up_to = (merged.reference + merged.current).astype(np.float64)
    tied = np.diff(up_to, prepend=0.0)
    below = up_to - tied / 2
    below_reference = merged.reference - np.diff(merged.reference, prepend=0) / 2
    gaps = (total * below_reference - below * n) ** 2 / (below * (total - below) - total * tied / 4)
    return float((tied / total * gaps).sum()) * (1 / n + 1 / m) * (total - 1) / total


def _deviation(n: float, m: float) -> float:
    """Exact standard deviation of A² (Scholz & Stephens 1987, equation 4, k = 2), in closed form.

    ``h`` is the (N-1)-th harmonic number; the double sum ``g`` is ``Σ 1/i² - 2 h / N`` over i < N.
    """
    total, rows = n + m, 1 / n + 1 / m
    h = float(digamma(total)) + np.euler_gamma
    g = math.pi**2 / 6 - float(zeta(2, total)) - 2 * h / total
    a = (4 * g - 6) + (10 - 6 * g) * rows
    b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * rows - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * rows + 4 * h
    d = (2 * h + 6) * 4 - 8 * h
    variance = (a * total**3 + b * total**2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3))
    return math.sqrt(variance)
