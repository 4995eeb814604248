"""Distances between two discrete distributions, for use as an effect size.

Total variation is the share of rows that would have to change category to turn one sample into the other:
``TV = ½ Σ |c_i - r_i|`` over the shares, in [0, 1]. It is positively biased in small samples: of two samples of n rows
from one distribution over k equal categories it is about ``√((k - 1) / (π n))``.

`corrected_total_variation` takes chance out. By Cauchy and Schwarz ``TV ≤ ½ √(Σ (c_i - r_i)² / π_i)`` with π the shares
of both samples together, and the sum is ``X² N / (n m)``, of which chance alone makes ``(k - 1) N / (N - 1)`` of X² on
average, exactly and however sparse the cells (the margins being given). So X² is moved down by that and stretched so
that samples without a common category keep the largest value it can have, N. The bound is tight where all categories
change in proportion, and loose where few do; for those, each category's squared gap is moved down by its variance,
``π_i (1 - π_i) (1/n + 1/m)``, unless it is beyond `CLEAR` standard errors, and what remains is summed and stretched in
the same way. The smaller of the two is the
answer. It tends to the plain TV as samples grow, and to 0 where nothing changed.

References
----------
D. A. Levin, Y. Peres, "Markov Chains and Mixing Times", 2nd ed., AMS (2017), section 4.1.
J. K. Haldane, "The mean and variance of χ², when used as a test of homogeneity, when expectations are small",
Biometrika 31 (1940), 346-355.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: a category further apart than so many standard errors did not move by chance
CLEAR = 3.0


def total_variation(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Total variation of two vectors of counts over the same categories, neither of them all zero.

    Examples
    --------
    >>> total_variation(np.array([6.0, 2.0]), np.array([1.0, 1.0]))
    0.25
    >>> total_variation(np.array([5.0, 0.0]), np.array([0.0, 2.0]))
    1.0
    """
    gap = np.abs(reference / reference.sum() - current / current.sum()).sum()
    return float(min(gap / 2, 1.0))


def corrected_total_variation(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Total variation without what chance adds to it, in [0, 1].

    Parameters
    ----------
    reference, current
        Counts over the same categories, neither of them all zero.

    Examples
    --------
    >>> corrected_total_variation(np.array([500.0, 0.0]), np.array([0.0, 200.0]))
    1.0
    >>> generator = np.random.default_rng(0)
    >>> before, after = (np.bincount(generator.integers(0, 200, 10_000), minlength=200).astype(float) for _ in "ab")
    >>> round(total_variation(before, after), 3), round(corrected_total_variation(before, after), 3)
    (0.082, 0.018)
    """
    n, m = float(reference.sum()), float(current.sum())
    rows, together = n + m, reference + current
    held = together > 0
    if np.count_nonzero(held) < 2:
        return 0.0
    # X² of two rows: Σ (m r_i - n c_i)² / (n m (r_i + c_i))
    squared = float(((m * reference - n * current)[held] ** 2 / together[held]).sum()) / (n * m)
    by_chance = (np.count_nonzero(held) - 1) * rows / (rows - 1)
    if squared <= by_chance or by_chance >= rows:
        return 0.0
    beyond = (squared - by_chance) * rows / (rows - by_chance)
    return min(_cell_by_cell(reference, current), math.sqrt(beyond * rows / (n * m)) / 2)


def largest_error(n: int, m: int) -> float:
    """Standard error of a total variation of samples of `n` and `m` rows, at most, however many the categories.

    >>> round(largest_error(10_000, 10_000), 4), round(largest_error(1_000_000, 1_000), 4)
    (0.0071, 0.0158)
    """
    return math.sqrt(1 / n + 1 / m) / 2


def _cell_by_cell(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """The plain TV without the variance of categories that chance may have moved."""
    n, m = float(reference.sum()), float(current.sum())
    before, after, together = reference / n, current / m, reference + current
    share = together / (n + m)
    variance = share * (1 - share) * (1 / n + 1 / m)
    # each category as if it were held by the side alone that has more of it
    alone = np.where(before >= after, together / n, together / m)
    gap, most = _without(variance, np.abs(before - after)), _without(variance, alone)
    plain = total_variation(reference, current)
    return min(plain, gap / 2 * float(alone.sum()) / most) if most else plain


def _without(variance: NDArray[np.float64], gaps: NDArray[np.float64]) -> float:
    squared = gaps**2
    kept = np.where(squared > CLEAR**2 * variance, squared, squared - variance)
    return float(np.sqrt(np.maximum(kept, 0.0)).sum())
