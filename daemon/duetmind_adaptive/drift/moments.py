"""Times beside the times of their rows: an order's date lies a few days before its row, whenever that is.

A column of times that goes with its rows moves on by itself. What may drift is how far it lies from its row, and which
hours and weekdays it falls on. A date of birth goes with nothing, and is compared as it is.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.arrays import present_in

Floats = NDArray[np.float64]

#: slope of a column on its rows' times above which their difference varies less than the column itself
EVEN_SLOPE = 0.5
#: standard errors of a slope that leave no doubt that it is below
STANDARD_ERRORS = 2.0
#: fewest rows that show it
FEWEST_ROWS = 8


def as_floats(column: pa.ChunkedArray) -> Floats:
    """Every value as float64 in its order, times in seconds since 1970; NaN where it is missing."""
    plain = kinds.plain(column)
    values = np.full(len(plain), np.nan)
    values[present_in(plain)] = kinds.to_float(plain.drop_null())
    return values


def follows_rows(values: Floats, clock: Floats) -> bool:
    """Whether times go with those of their rows, shape (n,) each, in seconds; in doubt they do, as most do.

    They do when the difference varies less than the times themselves, which is when the slope is above a half.

    Examples
    --------
    >>> random, clock = np.random.default_rng(1), np.arange(1000) * 3600.0
    >>> ordered, born = clock - random.exponential(86_400, 1000), random.normal(0, 3e5, 1000)
    >>> follows_rows(ordered, clock), follows_rows(born, clock)
    (True, False)
    """
    known = ~(np.isnan(values) | np.isnan(clock))
    values, clock = values[known], clock[known]
    if values.size < FEWEST_ROWS or not np.ptp(clock) or not np.ptp(values):
        return False
    away, passed = values - values.mean(), clock - clock.mean()
    slope = float(away @ passed / (passed @ passed))
    rest = away - slope * passed
    error = float(np.sqrt((rest @ rest) / (values.size - 2) / (passed @ passed)))
    return slope + STANDARD_ERRORS * error >= EVEN_SLOPE


def lags(values: Floats, clock: Floats) -> Floats:
    """Seconds by which times lie after their rows', ascending; without those where either is missing.

    >>> lags(np.array([50.0, np.nan, 10.0]), np.array([40.0, 45.0, 60.0]))
    array([-50.,  10.])
    """
    away = values - clock
    return np.sort(away[~np.isnan(away)])
