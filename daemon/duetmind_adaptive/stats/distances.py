"""Distances between two discrete distributions, for use as an effect size.

Total variation is the share of rows that would have to change category to turn one sample into the other:
``TV = ½ Σ |c_i - r_i|`` over the shares, in [0, 1]. It is positively biased in small samples: of two samples of n rows
from one distribution over k equal categories it is about ``√((k - 1) / (π n))``, so it never decides alone.

Reference
---------
D. A. Levin, Y. Peres, "Markov Chains and Mixing Times", 2nd ed., AMS (2017), section 4.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
