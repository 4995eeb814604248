"""When a series will cross a limit: the crossing times of futures drawn from what is known of its trend.

Model, noise variance, level, slope and every step to come are drawn from their posterior (`local_trend`), so the spread
of the crossings holds all that is unsure: the rate, whether it lasts, and chance. A future crosses when its running
median of five values does, so a single value beyond the limit is no crossing. The interval is the shortest one that
holds the wanted share of the futures; those that never cross within the horizon cross at infinity.

Reference
---------
M. H. Chen, Q. M. Shao, "Monte Carlo estimation of Bayesian credible and HPD intervals", J. Comp. Graph. Stat. 8 (1999),
69-92.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.local_trend import Trend

Floats = NDArray[np.float64]

#: futures drawn
FUTURES = 500
#: values whose median crosses: the one itself and two to each side
MEDIAN_OF = 5


class Passage(NamedTuple):
    """Steps until the crossing: the median and the ends of the interval; infinite beyond the horizon."""

    median: float
    low: float
    high: float


def futures(trend: Trend, horizon: int, generator: np.random.Generator, count: int = FUTURES) -> Floats:
    """Values to come, one step apart, shape (horizon, count)."""
    models = trend.models
    strata = (np.arange(count) + generator.random()) / count
    drawn = np.minimum(np.searchsorted(np.cumsum(trend.weights), strata), trend.weights.size - 1)
    scale = np.sqrt(trend.variance[drawn] * trend.freedom / generator.chisquare(trend.freedom, count))
    roots = np.linalg.cholesky(trend.covariance + 1e-12 * np.eye(3))[drawn]
    chance = generator.normal(size=(count, 3, 1))
    level, slope, noise = (trend.state[drawn] + scale[:, np.newaxis] * (roots @ chance)[:, :, 0]).T
    kept, share, damping = models.correlation[drawn], models.share[drawn], models.damping[drawn]
    sizes = np.sqrt(np.array([models.step[drawn], models.bend[drawn], share * (1 - kept**2), 1 - share])) * scale
    values = np.empty((horizon, count))
    for at, (step, bend, fresh, single) in enumerate(generator.normal(size=(horizon, 4, count)) * sizes):
        level = level + slope + step
        slope = damping * slope + bend
        noise = kept * noise + fresh
        values[at] = level + noise + single
    return values


def first_passage(
    trend: Trend,
    newest: Floats,
    limit: float,
    *,
    horizon: int,
    generator: np.random.Generator,
    share: float = 0.8,
) -> Passage:
    """Steps until the running median crosses a limit from below.

    Parameters
    ----------
    trend
        Of the series.
    newest
        Its last four values, or as many as there are.
    limit
        What is to be crossed, upwards.
    horizon
        Steps that are looked at.
    generator
        Of the futures.
    share
        Of the futures, that the interval holds.

    Examples
    --------
    >>> from duetmind_adaptive.stats.local_trend import local_trend
    >>> values = 0.2 * np.arange(40) + np.random.default_rng(1).normal(size=40)
    >>> trend = local_trend(values, np.ones(39))
    >>> found = first_passage(trend, values[-4:], 11.8, horizon=100, generator=np.random.default_rng(2))
    >>> found.low < 20 < found.high, 10 < found.median < 25
    (True, True)
    """
    values = futures(trend, horizon, generator)
    beyond = running_median(np.vstack([np.tile(newest[-4:, np.newaxis], values.shape[1]), values]))[2:] >= limit
    steps = np.where(beyond.any(axis=0), beyond.argmax(axis=0) + 1.0, np.inf)
    return Passage(float(np.quantile(steps, 0.5, method="inverted_cdf")), *shortest(steps, share))


def running_median(values: Floats) -> Floats:
    """The median of each value and its two neighbours on both sides, along the first axis; four shorter.

    >>> running_median(np.array([1.0, 9.0, 2.0, 3.0, 4.0, 5.0]))
    array([3., 4.])
    """
    runs = np.stack([values[at : values.shape[0] - MEDIAN_OF + 1 + at] for at in range(MEDIAN_OF)])
    runs.partition(MEDIAN_OF // 2, axis=0)
    return runs[MEDIAN_OF // 2]


def shortest(values: Floats, share: float) -> tuple[float, float]:
    """Ends of the shortest interval that holds a share of the values; infinity is one of them.

    >>> shortest(np.array([1.0, 4.0, 5.0, 5.0, 6.0, 30.0]), 0.6), shortest(np.array([3.0, 5.0, np.inf, np.inf]), 0.7)
    ((4.0, 6.0), (5.0, inf))
    """
    ascending = np.sort(values)
    held = int(np.ceil(share * ascending.size))
    lows, highs = ascending[: ascending.size - held + 1], ascending[held - 1 :]
    if np.isinf(highs[0]):
        return float(lows[-1]), np.inf
    widths = highs - lows
    narrowest = np.flatnonzero(widths == widths.min())
    at = narrowest[narrowest.size // 2]
    return float(lows[at]), float(highs[at])
