"""The season of a series: by how much the slots of a cycle (hours of the day, days of the week) lie off its level.

The level is the running mean over one cycle, then the running median of what is left when a first guess of the season
is taken out; each slot's effect is the median of what its values lie off the level, drawn towards none by what is known
of it: ``effect · s² / (s² + e²)``, e² being the variance of the slot's median and s² what
the slots vary by beyond it. Slots that differ by no more than chance (F test) have no effect at all.

References
----------
B. Efron, C. Morris, "Stein's estimation rule and its competitors", JASA 68 (1973), 117-130.
R. B. Cleveland et al., "STL: a seasonal-trend decomposition procedure based on loess", J. Official Statistics 6 (1990),
3-73.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

#: slots are a season when chance would make them differ as much less often than this
LEVEL = 0.001
#: variance of a median over that of a mean, of normal values
_MEDIAN = np.pi / 2
#: of normal values, a standard deviation in terms of the median distance
_NORMAL = 1.4826


def slot_effects(values: Floats, slots: Places, count: int, cycle: int) -> Floats:
    """What each slot adds to the level, shape (count,); zeros where there is no season.

    Parameters
    ----------
    values
        Oldest first, shape (n,), finite.
    slots
        The slot of each value, in [0, count), shape (n,).
    count
        How many slots a cycle has.
    cycle
        Values in one cycle, about.

    Examples
    --------
    >>> slots = np.arange(96) % 4
    >>> values = np.array([0.0, 5.0, 0.0, -5.0])[slots] + 0.1 * np.random.default_rng(1).normal(size=96)
    >>> slot_effects(values, slots, 4, 4).round(1), slot_effects(values[::-1], slots * 0, 4, 4)
    (array([ 0.,  5.,  0., -5.]), array([0., 0., 0., 0.]))
    """
    sizes = np.bincount(slots, minlength=count).astype(np.float64)
    first = _medians(values - _around(values, cycle, np.nanmean), slots, sizes)
    off = values - _around(values - first[slots], cycle, np.nanmedian)
    effects = _medians(off, slots, sizes)
    noise = (_NORMAL * float(np.median(np.abs(off - effects[slots])))) ** 2
    groups = int((sizes > 0).sum())
    freedom = values.size - groups
    if groups < 2 or freedom < 1:
        return np.zeros(count)
    between = float(sizes @ effects**2) / (groups - 1)
    if noise > 0 and fdtrc(groups - 1, freedom, between / (_MEDIAN * noise)) >= LEVEL:
        return np.zeros(count)
    unsure = _MEDIAN * noise / np.maximum(sizes, 1.0)
    spread = max(float((effects**2 - unsure)[sizes > 0].mean()), 0.0)
    return effects * np.divide(spread, spread + unsure, out=np.zeros(count), where=spread + unsure > 0)


def _medians(off: Floats, slots: Places, sizes: Floats) -> Floats:
    """The median of each slot, around 0 on average."""
    medians = np.array([np.median(off[slots == slot]) if size else 0.0 for slot, size in enumerate(sizes)])
    return medians - np.average(medians, weights=sizes)


def _around(values: Floats, width: int, of: Callable[..., Floats]) -> Floats:
    """The mean or median of the values around each one, `width` of them; fewer towards the ends."""
    before = min(width, values.size) // 2
    after = min(width, values.size) - before - 1
    padded = np.concatenate([np.full(before, np.nan), values, np.full(max(after, 0), np.nan)])
    return of(np.lib.stride_tricks.sliding_window_view(padded, before + max(after, 0) + 1), axis=1)
