"""Whether the newest value of a series is unlike those before it: how far it misses its level, and how rarely any does.

The level of a value is the median of the `MEMORY` values before it. What the newest one misses its own by is set beside
what all the others missed theirs by: their median distance is the unit (a robust z), and their tail, fitted and carried
on beyond them, says how rarely so much comes by chance (`stats.tail`). Values that repeat their neighbours, wander
slowly or have heavy tails are so held to what they themselves usually do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from duetmind_adaptive.stats.tail import Tail

Floats = NDArray[np.float64]

#: values that a level is the median of, and values before the newest one that say what is usual, at least
MEMORY, FEWEST = 24, 40
#: values before a first level is taken
_WARM = 8
#: of normal values, a standard deviation in terms of the median distance
_NORMAL = 1.4826


class Outlying(NamedTuple):
    """The newest value beside the others."""

    #: its distance from the level in usual ones, signed
    z: float
    #: how rarely a value is so far off, to either side
    p_value: float
    level: float
    #: the usual distance, as a standard deviation
    spread: float


def outlying(values: Floats, *, least: float = 0.0, freedom: float = 1.0) -> Outlying | None:
    """Look at the newest of the values; None for less than `FEWEST` before it.

    Parameters
    ----------
    values
        Oldest first, shape (n,), finite, without their season.
    least
        Smallest spread that counts: distances are counted in no smaller unit.
    freedom
        Share of the values that is left after what was learned from them: seasons make the others fit too well.

    Examples
    --------
    >>> values = np.append(np.random.default_rng(1).normal(size=200), 40.0)
    >>> found = outlying(values)
    >>> (found.z > 30, found.p_value < 1e-5, outlying(values[:-1]).p_value > 0.01) if found else None
    (True, True, True)
    """
    if values.size <= FEWEST:
        return None
    levels = _levels(values)
    missed = (values[_WARM:] - levels) / np.sqrt(freedom)
    before, newest = np.abs(missed[:-1]), abs(float(missed[-1])) * np.sqrt(freedom)
    spread = max(_NORMAL * float(np.median(before)), least)
    if spread <= 0:
        return None
    # at least as spread as normal values of that size: a tail of nothing but rounding would make everything absurd
    tail = Tail.fit(np.maximum(np.sort(before), least * _normal(before.size)))
    p_value = float(np.exp(tail.log_share_beyond(np.array([newest]))[0]))
    z = float(values[-1] - levels[-1]) / spread
    return Outlying(z, p_value if abs(z) > 1 else 1.0, float(levels[-1]), spread)


def _levels(values: Floats) -> Floats:
    """The median of up to `MEMORY` values before each one from the `_WARM`-th on."""
    padded = np.concatenate([np.full(MEMORY, np.nan), values[:-1]])
    runs = np.lib.stride_tricks.sliding_window_view(padded, MEMORY)[_WARM:]
    return np.nanmedian(runs, axis=1)


def _normal(count: int) -> Floats:
    """What as many normal values lie off by, ascending."""
    return ndtri(0.5 + 0.5 * (np.arange(count) + 0.5) / count)
