"""How much rows in time order repeat each other: the long-run variance of their mean, and how many rows they are worth.

The variance of the mean of n values whose neighbours move together is ``(1/n) Σ_k R(k)``, R being the autocovariance,
where for independent rows it is ``R(0)/n``. The sum is estimated with a flat-top lag window, whose width M is read off
the data: twice the last lag before the autocorrelation becomes, for some lags in a row, no larger than chance
(``2 √(log₁₀ n / n)``). Independent rows have M = 0 and keep their plain variance. A block bootstrap with its block
length chosen by the same rule has this variance in the limit; here no rows are drawn.

Reference
---------
D. N. Politis, H. White, "Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23 (2004),
53-70, section 3.2, with the correction of A. Patton, D. N. Politis, H. White (2009).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: autocorrelations beyond this many times √(log₁₀ n / n) are no chance
_CHANCE = 2.0
#: lags in a row that must look like chance
_QUIET = 5
#: longest dependence that is looked for, in rows: each lag is a pass over the rows
_MOST_LAGS = 400


def design_effect(values: Floats) -> float:
    """By how much the variance of the mean exceeds that of independent rows; at least 1, at most a tenth of the rows.

    Parameters
    ----------
    values
        One number per row, in time order, shape (n,).

    Examples
    --------
    >>> noise = np.random.default_rng(2).normal(size=1000)
    >>> design_effect(noise), design_effect(np.repeat(noise[:250], 4)).__round__(1)
    (1.0, 3.7)
    """
    rows = values.size
    centred = values - values.mean()
    variance = float(centred @ centred)
    if rows < 2 * _QUIET or variance <= 0:
        return 1.0
    correlations = _until_quiet(centred, variance)
    lags = np.arange(1, correlations.size + 1)
    weights = np.clip(2 * (1 - lags / max(correlations.size, 1)), 0.0, 1.0)
    return float(np.clip(1 + 2 * (weights @ correlations), 1.0, max(rows / 10, 1.0)))


def _until_quiet(centred: Floats, variance: float) -> Floats:
    """Autocorrelations of the lags 1 … M; none when the first lags look like chance already."""
    rows = centred.size
    chance, most = _CHANCE * math.sqrt(math.log10(rows) / rows), min(rows // 8, _MOST_LAGS)
    found, last = list[float](), 0
    for lag in range(1, 2 * most + 1):
        if lag > max(2 * last, last + _QUIET):
            break
        found.append(float(centred[lag:] @ centred[:-lag]) / variance)
        if abs(found[-1]) >= chance and lag <= min(last + _QUIET, most):
            last = lag
    return np.array(found[: 2 * last])
