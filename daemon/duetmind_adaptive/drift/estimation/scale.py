"""Scales on which a metric errs by about as much wherever it stands: estimates are corrected and bounded on them.

The error of an accuracy of n rows is √(p (1 − p) / n): small near 1, large near a half. The arcsine of its root errs by
1 / (2 √n) everywhere, so that an interval is lopsided where it has to be, stays inside 0 and 1, and still fits when the
accuracy has fallen. Losses are positive and err in proportion: their logarithm; R² by the logarithm of what it leaves
unexplained.

Reference
---------
M. S. Bartlett, "The use of transformations", Biometrics 3 (1947), 39-52.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

#: a proportion nearer to 0 or 1 than this errs as one that is this near
_EDGE = 0.01
#: losses are no smaller
_LEAST = 1e-12


class Scale(NamedTuple):
    """A growing function of a metric, its inverse, and its slope at a value of the metric.

    Examples
    --------
    >>> accuracy = scale_of("accuracy")
    >>> middle, reach = accuracy.to(0.98), 0.05
    >>> round(accuracy.back(middle - reach), 3), round(accuracy.back(middle + reach), 3)
    (0.964, 0.992)
    >>> accuracy.back(accuracy.to(0.98) + 1.0)
    1.0
    """

    to: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]


def scale_of(metric: str) -> Scale:
    """The scale of a metric of the configuration.

    >>> rmse = scale_of("rmse")
    >>> round(rmse.back(rmse.to(2.0) + 0.1), 2), rmse.slope(2.0)
    (2.21, 0.5)
    >>> r2 = scale_of("r2")
    >>> round(r2.back(r2.to(0.9) - math.log(2)), 2)
    0.8
    """
    if metric == "r2":
        return Scale(_unexplained, lambda scaled: 1 - math.exp(-scaled), lambda value: 1 / max(1 - value, _LEAST))
    if metric in {"mae", "rmse", "log_loss"}:
        return Scale(lambda value: math.log(max(value, _LEAST)), math.exp, lambda value: 1 / max(value, _LEAST))
    return Scale(_angle, _proportion, _angle_slope)


def _unexplained(value: float) -> float:
    return -math.log(max(1 - value, _LEAST))


def _angle(value: float) -> float:
    return math.asin(math.sqrt(min(max(value, 0.0), 1.0)))


def _proportion(angle: float) -> float:
    return math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2


def _angle_slope(value: float) -> float:
    inside = min(max(value, _EDGE), 1 - _EDGE)
    return 0.5 / math.sqrt(inside * (1 - inside))
