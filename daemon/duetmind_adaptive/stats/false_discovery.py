"""False discovery rate under any dependence: Benjamini–Yekutieli for p-values, e-BH for e-values.

The columns of one table depend on each other in ways nobody knows. Benjamini–Hochberg is proven for independent and
positively dependent tests; Benjamini–Yekutieli pays the factor ``1 + 1/2 + … + 1/m`` for any dependence. An e-value (a
bet at fair odds against "nothing moved": not negative, with an expectation of at most 1 when that is true) needs no
such factor.

Formulas, for m tests: BY ``adjusted_(i) = min_{j ≥ i} p_(j) m c_m / j`` with ``c_m = Σ 1/k``, at most 1; e-BH
``adjusted_[i] = min_{j ≥ i} m / (j e_[j])`` for the e-values in falling order, at most 1. Rejecting where the adjusted
value is at most ``alpha`` keeps the expected share of false discoveries at most ``alpha``.

References
----------
Y. Benjamini, D. Yekutieli, "The control of the false discovery rate in multiple testing under dependency", Annals of
Statistics 29 (2001), 1165-1188.
R. Wang, A. Ramdas, "False discovery rate control with e-values", J. Royal Stat. Soc. B 84 (2022), 822-852.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.benjamini_hochberg import benjamini_hochberg


def benjamini_yekutieli(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjusted p-values in the order given; empty in, empty out.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.04, 0.03, 0.5]).round(6)
    array([0.083333, 0.111111, 0.111111, 1.      ])
    """
    values = np.asarray(p_values, dtype=np.float64)
    factor = (1 / np.arange(1, values.size + 1)).sum()
    return benjamini_hochberg(values * factor)


def e_benjamini_hochberg(log_e_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjusted values of e-BH in the order given; empty in, empty out.

    Parameters
    ----------
    log_e_values
        Natural logarithms, because evidence of months overflows; -inf (an e-value of 0) is allowed.

    Examples
    --------
    >>> e_benjamini_hochberg(np.log([100.0, 50.0, 1.0, 0.5])).round(6)
    array([0.04, 0.04, 1.  , 1.  ])
    """
    inverse = np.exp(-np.maximum(np.asarray(log_e_values, dtype=np.float64), 0.0))
    return benjamini_hochberg(inverse)
