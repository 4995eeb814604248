"""Confidence intervals in closed form: Wilson's for a proportion, the normal one for an estimate with a known error.

References
----------
E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
L. D. Brown, T. T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", Stat. Science 16 (2001), 101-133.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri


class Interval(NamedTuple):
    """Lower and upper end."""

    low: float
    high: float


def normal_quantile(confidence: float) -> float:
    """How many standard errors a two-sided interval of this confidence reaches to each side.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return float(ndtri(0.5 + confidence / 2))


def wilson(successes: float, rows: float, confidence: float = 0.95) -> Interval:
    """Wilson score interval of a proportion: sound for small samples and at 0 and 1.

    Formula: ``(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)``.

    Parameters
    ----------
    successes
        Between 0 and `rows`.
    rows
        More than 0; a fraction where rows repeat each other and are worth fewer.
    confidence
        Two-sided coverage, in (0, 1).

    Examples
    --------
    >>> low, high = wilson(9, 10)
    >>> round(low, 4), round(high, 4)
    (0.5958, 0.9821)
    >>> wilson(0, 20).low
    0.0
    """
    z = normal_quantile(confidence)
    share = successes / rows
    centre = share + z * z / (2 * rows)
    half = z * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    scale = 1 + z * z / rows
    low = 0.0 if successes <= 0 else float((centre - half) / scale)
    high = 1.0 if successes >= rows else float((centre + half) / scale)
    return Interval(low, high)


def normal_interval(value: float, error: float, confidence: float = 0.95) -> Interval:
    """``value ± z error``: right where the estimate is normal around the truth with standard error `error`.

    Examples
    --------
    >>> low, high = normal_interval(10.0, 1.0)
    >>> round(low, 2), round(high, 2)
    (8.04, 11.96)
    """
    half = normal_quantile(confidence) * error
    return Interval(value - half, value + half)
