"""Since when a series has gone on as it does: the step that ended whatever was before, if there was one.

A step is not a fast trend: its one difference is several times those around it, and the step explains the series better
than a straight line by far.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.change_point import change_point

Floats = NDArray[np.float64]

#: a step's difference, in median differences of its neighbours; and how many of those there are on each side
TIMES, AROUND = 6.0, 6
#: evidence for the step: twice the log of a likelihood ratio
LEAST_GAIN = 30.0
#: stretches that a series is cut into to see its slope
STRETCHES = 8
#: values that a regime needs for another step to be looked for in it
FEWEST = 8


def regime_start(values: Floats) -> int:
    """The first value after the last step; 0 where there was none.

    Parameters
    ----------
    values
        Oldest first, shape (n,), without single outliers.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=60)
    >>> regime_start(noise + 20.0 * (np.arange(60) >= 40)), regime_start(noise + 0.5 * np.arange(60))
    (40, 0)
    """
    start = 0
    while values.size - start >= FEWEST:
        at = _step(values[start:])
        if at is None:
            break
        start += at
    return start


def _step(values: Floats) -> int | None:
    places = np.arange(values.size) - (values.size - 1) / 2
    # around the slope of most differences over a stretch: few of them span the step, which a straight line would hide
    stretch = max(values.size // STRETCHES, 1)
    straight = float(np.median(values[stretch:] - values[:-stretch])) / stretch * places
    found = change_point(values - straight)
    if found is None or found.gain < LEAST_GAIN:
        return None
    jumps = np.abs(np.diff(values))
    around = np.delete(jumps, found.at - 1)[max(found.at - 1 - AROUND, 0) : found.at - 1 + AROUND]
    return found.at if jumps[found.at - 1] > TIMES * float(np.median(around)) else None
