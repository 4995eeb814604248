"""An upper bound of the rate of false alarms from months that were counted one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtri


def upper_rate(alarms: Sequence[int], level: float = 0.95) -> float:
    """The upper end of the one-sided interval of alarms a month: exact for a Poisson rate (Garwood 1936).

    A month has a reference of its own, and an unlucky one gives several alarms. Where months differ by more than
    Poisson counts do, each alarm counts for as many as their variance exceeds their mean by (quasi-Poisson).

    Parameters
    ----------
    alarms
        Of each month.
    level
        Of the interval.

    Examples
    --------
    >>> round(upper_rate([0] * 10), 2), round(upper_rate([1] + [0] * 9), 2), round(upper_rate([4] + [0] * 9), 2)
    (0.3, 0.47, 1.9)
    """
    counts = np.asarray(alarms, dtype=np.float64)
    dispersion = max(1.0, float(counts.var(ddof=1) / counts.mean())) if counts.size > 1 and counts.any() else 1.0
    return dispersion * float(chdtri(2 * (counts.sum() / dispersion + 1), 1 - level)) / 2 / counts.size
