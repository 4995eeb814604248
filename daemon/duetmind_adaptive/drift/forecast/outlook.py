"""What a model's history foretells: which columns will drift and when its metric will fall, at the rate they go now.

Columns are screened for a straight line first, and few are looked at closely. A prediction is told beside the alarms
and is none of them: a false one comes as rarely as false alarms are promised altogether. The evidence that a trend
needs follows from that: with S series and histories of N windows, ``S · checks / N`` as a Bayes factor, because that is
exceeded by a series without trend, over N windows, with a probability of one over it at most.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Forecast
from duetmind_adaptive.drift.forecast.crossing import FEWEST, MOST_WINDOWS, Crossing, crossing
from duetmind_adaptive.drift.forecast.sentence import COLUMN, sentence
from duetmind_adaptive.drift.series import History, Series, without_holes
from duetmind_adaptive.records import Window
from duetmind_adaptive.stats.first_passage import MEDIAN_OF
from duetmind_adaptive.stats.trend_screen import steepest

Floats = NDArray[np.float64]

#: columns looked at closely in one check, and the t of a straight line from which on they may be
MOST_COLUMNS, LEAST_T = 4, 3.0
#: times further than the horizon that a straight line may take
GENEROUS = 1.5


def level_of(series: int, checks: float) -> float:
    """The evidence that a trend needs, as the natural logarithm of a Bayes factor.

    >>> round(level_of(10, 720.0), 1)
    3.6
    """
    return math.log(max(series * checks / MOST_WINDOWS, 1.0))


def column_forecasts(
    history: History, window: Window, *, threshold: float, checks: float, leave_out: frozenset[str]
) -> tuple[Forecast, ...]:
    """The columns whose effect will cross the threshold, the soonest first.

    Parameters
    ----------
    history
        The window's own values included.
    window
        The newest one.
    threshold
        Smallest effect that counts as drift.
    checks
        Between two false predictions lie so many checks, on average at least.
    leave_out
        Columns that drift already.
    """
    names, effects = history.all_effects()
    if not names or effects.shape[1] < FEWEST:
        return ()
    level = level_of(len(names) + 1, checks)
    found = [
        _forecast(f"{COLUMN}{name}", history.column_series(name), window, threshold, falls=False, level=level)
        for name in _rising(names, effects, threshold)
        if name not in leave_out
    ]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.windows or math.inf))


def metric_forecast(
    history: History, window: Window, name: str, *, threshold: float, falls: bool, checks: float
) -> Forecast | None:
    """When the metric will be called degraded; None where it does not move that way, or is degraded already."""
    series = history.metric_series()
    if len(series) < FEWEST:
        return None
    sign = -1.0 if falls else 1.0
    if steepest(sign * series.values[np.newaxis, -MOST_WINDOWS:]).t[0] < LEAST_T:
        return None
    level = level_of(len(history.columns) + 1, checks)
    return _forecast(name, series, window, threshold, falls=falls, level=level)


def _rising(names: tuple[str, ...], effects: Floats, threshold: float) -> list[str]:
    """Those that a straight line leads to the threshold, the soonest first."""
    effects = effects[:, -MOST_WINDOWS:]
    known = np.isfinite(effects).sum(axis=1) >= FEWEST
    filled = without_holes(np.where(known[:, np.newaxis], effects, 0.0))
    level = np.median(filled[:, -MEDIAN_OF:], axis=1)
    found = steepest(filled)
    ahead = np.divide(threshold - level, found.slope, out=np.full(level.size, np.inf), where=found.slope > 0)
    near = known & (found.t >= LEAST_T) & (level < threshold) & (ahead <= GENEROUS * effects.shape[1])
    places = np.flatnonzero(near)
    return [names[at] for at in places[np.argsort(ahead[places])][:MOST_COLUMNS]]


def _forecast(
    subject: str, series: Series, window: Window, threshold: float, *, falls: bool, level: float
) -> Forecast | None:
    found = crossing(series, threshold, falls=falls, evidence=level)
    if found is None or math.isinf(found.passage.low):
        return None
    newest = window.end.timestamp() if found.timed and window.end else float(window.last_row)
    behind = max((newest - found.now) / found.unit, 0.0)  # labels come late
    median, low, high = (max(steps - behind, 0.0) for steps in found.passage)
    plain = Forecast(
        subject=subject,
        value=found.value,
        threshold=threshold,
        windows=_finite(median),
        low=low,
        high=_finite(high),
        at=_moment(found, found.passage.median),
        low_at=_moment(found, found.passage.low),
        high_at=_moment(found, found.passage.high),
        horizon=found.horizon,
    )
    return replace(plain, sentence=sentence(plain, falls=falls, now=window.end if found.timed else None))


def _finite(steps: float) -> float | None:
    return steps if math.isfinite(steps) else None


def _moment(found: Crossing, steps: float) -> datetime | None:
    if not found.timed or math.isinf(steps):
        return None
    return datetime.fromtimestamp(found.now + steps * found.unit, UTC)
