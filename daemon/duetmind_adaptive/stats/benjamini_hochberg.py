"""Benjamini–Hochberg: p-values adjusted so that few of those called significant are false.

Rejecting where the adjusted value is below ``alpha`` keeps the expected share of false discoveries at most ``alpha``,
for independent tests and for those with positive regression dependence. When nothing moved at all, it is also the
probability of a single false alarm among all of them.

Formula: ``adjusted_(i) = min_{j ≥ i} p_(j) m / j`` for the sorted p-values, at most 1.

Reference
---------
Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. Royal Stat. Soc. B 57 (1995), 289-300.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def benjamini_hochberg(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjusted p-values in the order given; empty in, empty out.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    array([0.04      , 0.05333333, 0.05333333, 0.5       ])
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * values.size / np.arange(1, values.size + 1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
