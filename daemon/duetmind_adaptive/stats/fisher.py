"""Fisher's exact test of a 2 × 2 table: for counts too small for chi-square.

Given the margins, the upper left count is hypergeometric when rows and columns are independent; the two-sided p-value
is the probability of all tables at most as likely as the one seen.

Reference
---------
R. A. Fisher, "On the interpretation of χ² from contingency tables", J. Royal Stat. Soc. 85 (1922), 87-94.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class FisherResult(NamedTuple):
    """The sample odds ratio (inf when a count it divides by is 0) and the two-sided p-value."""

    odds_ratio: float
    p_value: float


def fisher_exact(hits_before: int, misses_before: int, hits_after: int, misses_after: int) -> FisherResult:
    """Whether hits are as frequent after as before.

    Examples
    --------
    >>> ratio, p_value = fisher_exact(8, 2, 1, 5)
    >>> ratio, round(p_value, 6)
    (20.0, 0.034965)
    """
    table = [[hits_before, misses_before], [hits_after, misses_after]]
    odds_ratio, p_value = np.asarray(stats.fisher_exact(table), dtype=np.float64).tolist()
    return FisherResult(odds_ratio, p_value)
