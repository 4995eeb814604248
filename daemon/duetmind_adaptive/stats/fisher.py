"""Fisher's exact test of a 2 × 2 table: for counts too small for chi-square.

Given the margins, the upper left count is hypergeometric when rows and columns are independent; the two-sided p-value
is the probability of all tables at most as likely as the one seen. Each table's probability follows from its
neighbour's by a ratio of integers, starting at the likeliest, so that nothing overflows and nothing is lost.

Reference
---------
R. A. Fisher, "On the interpretation of χ² from contingency tables", J. Royal Stat. Soc. 85 (1922), 87-94.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: tables whose probabilities differ by less, relatively, are equally likely: rounding makes up to this much
_TIED = 1e-11


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
    hits, after = hits_before + hits_after, hits_after + misses_after
    rows = hits_before + misses_before + after
    fewest = max(0, hits + after - rows)
    likelihood = _likelihood(hits, after, rows, fewest)
    seen = likelihood[hits_after - fewest]
    p_value = float(likelihood[likelihood <= seen * (1 + _TIED)].sum() / likelihood.sum())
    return FisherResult(_odds_ratio(hits_before * misses_after, misses_before * hits_after), p_value)


def _odds_ratio(one: int, other: int) -> float:
    if other:
        return one / other
    return math.inf if one else math.nan


def _likelihood(hits: int, drawn: int, rows: int, fewest: int) -> NDArray[np.float64]:
    """How likely each number of hits among the rows drawn is, from the fewest to the most; the likeliest has 1."""
    count = np.arange(fewest, min(hits, drawn), dtype=np.float64)
    steps = np.log((hits - count) * (drawn - count)) - np.log((count + 1) * (rows - hits - drawn + count + 1))
    mode = int(np.count_nonzero(steps > 0))
    up, down = np.cumsum(steps[mode:]), -np.cumsum(steps[:mode][::-1])
    return np.exp(np.concatenate([down[::-1], [0.0], up]))
