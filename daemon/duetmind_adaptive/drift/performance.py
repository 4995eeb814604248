"""Model drift: is the metric of a window worse than the one its version was promoted with, by more than chance.

Both are estimates, so the difference is judged with both standard errors: degraded means

    ``worse by > tolerance + z √(error² + error_reference² + natural²)``,

one-sided, with z for as few false alarms as the model's promise allows (`drift.budget`), because checks repeat hourly
for months. The window's error
allows for as much dependence between its rows as the reference has: a metric that falls within a window makes its rows
look alike, which must not hide the fall. What hours and days let expect, and what windows differ by beyond their rows,
is natural. Differences are on the metric's own scale: absolute for accuracy, balanced
accuracy, F1, AUC and R², relative to the reference for log loss, MAE and RMSE.
"""

from __future__ import annotations

import math

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.records import MetricReading, Performance, Window
from duetmind_adaptive.stats.intervals import normal_quantile

#: a fall up to this much, on the metric's scale, is never called degraded
TOLERANCE = 0.02
#: one-sided confidence of calling a window degraded
CONFIDENCE = 0.999


def metric_scale(reference: MetricReading) -> float:
    """Tell what one unit of a fall is: 1 for metrics of a fixed range, the reference's value for errors."""
    return 1.0 if higher_is_better(reference.name) else abs(reference.value)


def judge(
    window: Window,
    reading: MetricReading,
    reference: MetricReading | None,
    *,
    tolerance: float = TOLERANCE,
    confidence: float = CONFIDENCE,
    expected: float = 0.0,
    natural: float = 0.0,
    band: tuple[float, float] = (1.0, math.inf),
) -> Performance:
    """Set a window's metric beside the reference and decide whether it is degraded.

    Parameters
    ----------
    window
        The rows that `reading` was measured on.
    reading
        The window's metric.
    reference
        What the version scored on rows it was not trained on; None = nothing to compare with, never degraded.
    tolerance
        Fall that does not count, on the metric's scale.
    confidence
        One-sided, in (0.5, 1).
    expected
        By how much the metric of such a window is above the reference by nature.
    natural
        Variance of such metrics beyond that of their rows.
    band
        A fall that is more than so much of what would be called degraded is close to it, and far beyond it.

    Examples
    --------
    >>> def read(value): return MetricReading(name="accuracy", value=value, low=0, high=1, error=0.01, rows=1000)
    >>> window = Window(first_row=0, last_row=1000)
    >>> [judge(window, read(value), read(0.90)).degraded for value in (0.90, 0.86, 0.80)]
    [False, False, True]
    """
    if reference is None:
        return Performance(window=window, reading=reading)
    above = reading.value - reference.value - expected
    worse = -above if higher_is_better(reading.name) else above
    allowed = _allowed(reading, reference, tolerance, confidence, natural)
    low, high = (share * allowed for share in band)
    return Performance(
        window=window, reading=reading, reference=reference, degraded=worse > allowed, close=low < worse <= allowed,
        far=worse > high,
    )  # fmt: skip


def degraded_at(
    reading: MetricReading, reference: MetricReading, *, tolerance: float = TOLERANCE, confidence: float = CONFIDENCE
) -> float:
    """The value beyond which `judge` calls windows like that of `reading` degraded.

    Examples
    --------
    >>> def read(value): return MetricReading(name="accuracy", value=value, low=0, high=1, error=0.01, rows=1000)
    >>> round(degraded_at(read(0.91), read(0.90)), 3)
    0.836
    """
    allowed = _allowed(reading, reference, tolerance, confidence, 0.0)
    return reference.value - allowed if higher_is_better(reference.name) else reference.value + allowed


def _allowed(
    reading: MetricReading, reference: MetricReading, tolerance: float, confidence: float, natural: float
) -> float:
    """How much worse a window may be."""
    noise = math.hypot(window_error(reading, reference, natural), reference.error)
    return tolerance * metric_scale(reference) + normal_quantile(2 * confidence - 1) * noise


def window_error(reading: MetricReading, reference: MetricReading, natural: float) -> float:
    """Standard error of a window's metric, its rows as dependent as the reference's and no more.

    Parameters
    ----------
    reading, reference, natural
        As of `judge`.
    """
    return math.sqrt(reading.error**2 * min(1.0, reference.dependence / reading.dependence) + natural)


def shortfall(performance: Performance) -> float:
    """How far the metric fell below its reference, on the metric's scale; negative when it rose, 0 without a reference.

    Examples
    --------
    >>> def read(value): return MetricReading(name="rmse", value=value, low=0, high=9, error=0.1, rows=1000)
    >>> shortfall(judge(Window(first_row=0, last_row=1000), read(3.0), read(2.0)))
    0.5
    """
    if performance.reference is None:
        return 0.0
    fall = performance.reference.value - performance.reading.value
    scale = metric_scale(performance.reference)
    signed = fall if higher_is_better(performance.reading.name) else -fall
    return signed / scale if scale else math.copysign(math.inf, signed) if signed else 0.0
