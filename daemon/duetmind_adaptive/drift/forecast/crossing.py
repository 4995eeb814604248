"""When a series of windows crosses a threshold, if it goes on as it does: an interval of time, or nothing.

series → less its seasons → less single outliers → since the last step → level and slope → crossing times of its futures

Time is that of the windows' ends; windows without times are a unit apart by their rows. Nothing is said of a series
that shows no trend beyond its noise, of one that has crossed already, and of one that moves the other way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.forecast.regime import regime_start
from duetmind_adaptive.drift.forecast.seasons import deseasoned
from duetmind_adaptive.drift.series import Series
from duetmind_adaptive.stats.first_passage import MEDIAN_OF, Passage, first_passage
from duetmind_adaptive.stats.hampel import without_outliers
from duetmind_adaptive.stats.local_trend import local_trend

Floats = NDArray[np.float64]

#: windows of a regime before anything is said of it
FEWEST = 10
#: newest windows that are looked at, and windows that are looked ahead; never further than there is history
MOST_WINDOWS, HORIZON = 200, 200
#: a gap is at most this many usual ones: what is not known of an outage is not made up
LONGEST_GAP = 100.0
#: posterior probability that the slope leads to the threshold now: a trend that has come to rest foretells nothing
LEADS = 0.9
#: of the futures: the same history always gives the same answer
SEED = 20_240_229


@dataclass(frozen=True, slots=True)
class Crossing:
    """In how many windows from the newest value on; infinite = not within the horizon."""

    #: where the series stands, without its season and its noise
    value: float
    passage: Passage
    #: windows that were looked ahead
    horizon: int
    #: what is usual from window to window, and the end of the newest value's one: in seconds, or in rows
    unit: float
    now: float
    #: whether those are seconds, the end since 1970
    timed: bool


def crossing(series: Series, threshold: float, *, falls: bool, evidence: float) -> Crossing | None:
    """When the series crosses the threshold.

    Parameters
    ----------
    series
        Oldest first.
    threshold
        In the series' unit.
    falls
        Whether the crossing is downwards.
    evidence
        Natural logarithm of the Bayes factor that a trend must have. A series without one exceeds it, over all of its
        life, with probability ``exp(-evidence)`` at most.

    Examples
    --------
    >>> rows = 1_000 * np.arange(40)
    >>> values = 0.9 - 0.002 * np.arange(40) + 0.004 * np.random.default_rng(2).normal(size=40)
    >>> found = crossing(Series(values, rows, rows + 1_000, rows / 10.0), 0.8, falls=True, evidence=5.0)
    >>> (round(found.value, 2), found.passage.low <= 11 <= found.passage.high) if found else None
    (0.82, True)
    """
    sign = -1.0 if falls else 1.0
    timed = has_times(series)
    moments = series.ends if timed else series.last_rows.astype(np.float64)
    values = deseasoned(sign * series.values, series.ends).values if timed else sign * series.values
    values, moments = without_outliers(values)[-MOST_WINDOWS:], moments[-MOST_WINDOWS:]
    start = regime_start(values)
    values, moments = values[start:], moments[start:]
    if values.size < FEWEST or np.median(values[-MEDIAN_OF:]) >= sign * threshold:
        return None
    unit = _usual(np.diff(moments))
    trend = local_trend(values, np.clip(np.diff(moments) / unit, 1 / LONGEST_GAP, LONGEST_GAP))
    if trend.evidence < evidence or trend.rising < LEADS:
        return None
    horizon = min(values.size, HORIZON)
    passage = first_passage(
        trend, values[-4:], sign * threshold, horizon=horizon, generator=np.random.default_rng(SEED)
    )
    level = sign * float(trend.weights @ trend.state[:, 0])
    return Crossing(level, passage, horizon, unit, float(moments[-1]), timed)


def has_times(series: Series) -> bool:
    """Whether every window has a time of its own, later than the one before."""
    return bool(np.isfinite(series.ends).all() and (np.diff(series.ends) > 0).all())


def _usual(gaps: Floats) -> float:
    """The mean gap, gaps far longer than the usual one left out."""
    usual = float(np.median(gaps))
    return float(gaps[gaps <= 10 * usual].mean())
