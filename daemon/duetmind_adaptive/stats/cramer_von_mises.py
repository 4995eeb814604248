"""Two-sample Cramér–von Mises test: the squared gap between two empirical distribution functions, summed over all rows.

It looks at the whole range where Kolmogorov–Smirnov looks at one point, and so finds changes of shape and small shifts
with fewer rows; in the tails it is weaker than Anderson–Darling.

Formula: ``T = U / (n m N) - (4 n m - 1) / (6 N)``, ``U = n Σ (r_i - i)² + m Σ (s_j - j)²``, where r and s are the
midranks of the two sorted samples of n and m rows in the pooled one of ``N = n + m``.

p-value, by the rule of `scipy.stats.cramervonmises_2samp` (``method="auto"``): exact while both samples have at most
20 rows, else the limiting distribution at the statistic standardised by its exact mean and variance. Its series ends at
terms of 1e-7, so that p-values below that are 0 or noise: they say "very small", not how small. With ties it is
conservative.

References
----------
T. W. Anderson, "On the distribution of the two-sample Cramér-von Mises criterion", Ann. Math. Stat. 33 (1962),
1148-1159.
S. Csörgő, J. J. Faraway, "The exact and asymptotic distributions of Cramér-von Mises statistics", J. Royal Stat. Soc. B
58 (1996), 221-234.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, kv

from duetmind_adaptive.stats.pooled import Pooled, pool

#: rows in the larger sample up to which the p-value is exact
EXACT_UP_TO = 20
#: the series of the limiting distribution ends with the first term below
_LAST_TERM = 1e-7
#: standardised statistics below have a p-value of 1 to within 1e-17
_NEGLIGIBLE = 0.003


class CramerVonMisesResult(NamedTuple):
    """The statistic T and how likely one at least as large is when both samples come from one distribution."""

    statistic: float
    p_value: float


def cramer_von_mises(
    reference: NDArray[np.float64], current: NDArray[np.float64], merged: Pooled | None = None
) -> CramerVonMisesResult | None:
    """Compare two ascending samples.

    Parameters
    ----------
    reference, current
        Ascending, no NaN; ±inf are values like any other.
    merged
        `pool(reference, current)`, if at hand.

    Returns
    -------
    CramerVonMisesResult or None
        None when a sample has fewer than two rows.

    Examples
    --------
    >>> result = cramer_von_mises(np.arange(50.0), np.arange(50.0) + 12)
    >>> round(result.statistic, 6), round(result.p_value, 6)
    (1.21, 0.000783)
    """
    n, m = reference.size, current.size
    if min(n, m) < 2:
        return None
    statistic = _statistic(merged or pool(reference, current))
    if max(n, m) <= EXACT_UP_TO:
        from scipy.stats import cramervonmises_2samp  # noqa: PLC0415 - a second of import, for tiny samples only

        return CramerVonMisesResult(statistic, float(cramervonmises_2samp(reference, current, method="exact").pvalue))
    return CramerVonMisesResult(statistic, _asymptotic_p_value(statistic, float(n), float(m)))


def _statistic(merged: Pooled) -> float:
    n, m = float(merged.reference[-1]), float(merged.current[-1])
    up_to = merged.reference + merged.current
    midranks = (up_to + np.append(0, up_to[:-1]) + 1) / 2
    squares = [
        ((np.repeat(midranks, np.diff(counts, prepend=0)) - np.arange(1, counts[-1] + 1)) ** 2).sum()
        for counts in (merged.reference, merged.current)
    ]
    u = n * squares[0] + m * squares[1]
    return float(u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m)))


def _asymptotic_p_value(statistic: float, n: float, m: float) -> float:
    total, product = n + m, n * m
    mean = (1 + 1 / total) / 6
    variance = (total + 1) * (4 * product * total - 3 * (n * n + m * m) - 2 * product)
    variance /= 45 * total**2 * 4 * product
    standardised = 1 / 6 + (statistic - mean) / math.sqrt(45 * variance)
    return 1.0 if standardised < _NEGLIGIBLE else max(0.0, 1.0 - _limiting_cdf(standardised))


def _limiting_cdf(x: float) -> float:
    """Distribution function of the limit (Csörgő & Faraway 1996, equation 1.2), summed until the terms are small."""
    total, k, term = 0.0, 0, math.inf
    while term >= _LAST_TERM:
        y = 4 * k + 1
        q = y * y / (16 * x)
        factor = math.exp(float(gammaln(k + 0.5) - gammaln(k + 1))) / (math.pi**1.5 * math.sqrt(x))
        term = factor * math.sqrt(y) * math.exp(-q) * float(kv(0.25, q))
        total, k = total + term, k + 1
    return total
