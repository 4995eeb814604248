"""Takes the day, the week and the year out of a series of windows, as far as its history covers them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.calm.null import SLOTS, Season, slot_of
from duetmind_adaptive.stats.slot_means import slot_effects

Floats = NDArray[np.float64]

DAY = 86_400.0
#: of each season: its cycle and the longest window that still shows it, in seconds
CYCLES: dict[Season, tuple[float, float]] = {
    "hour of day": (DAY, 6 * 3_600.0),
    "day of week": (7 * DAY, 2 * DAY),
    "month": (365.25 * DAY, 45 * DAY),
}
#: cycles that a history must hold for a season to be told from its level
FEWEST_CYCLES = 3.0


class Seasonal(NamedTuple):
    """A series without its seasons, and what they add."""

    values: Floats
    #: of each season that shows, what each slot adds
    effects: dict[Season, Floats]

    def at(self, moment: float) -> float:
        """What the seasons add at a moment, seconds since 1970."""
        return sum(float(effects[slot_of(season, moment)]) for season, effects in self.effects.items())


def deseasoned(values: Floats, moments: Floats) -> Seasonal:
    """Take the seasons out.

    Parameters
    ----------
    values
        Oldest first, shape (n,).
    moments
        When each was, seconds since 1970, ascending; NaN where that is not known, and then nothing is taken out.

    Examples
    --------
    >>> hours = 3_600.0 * np.arange(24 * 10)
    >>> found = deseasoned(np.sin(2 * np.pi * hours / DAY), hours)
    >>> list(found.effects), bool(np.abs(found.values).max() < 0.2)
    (['hour of day'], True)
    """
    effects = dict[Season, Floats]()
    if values.size < 2 or not np.isfinite(moments).all():
        return Seasonal(values, effects)
    span = float(moments[-1] - moments[0])
    usual = span / (values.size - 1)
    for season, (cycle, longest) in CYCLES.items():
        if usual <= 0 or usual > longest or span < FEWEST_CYCLES * cycle:
            continue
        slots = np.array([slot_of(season, moment) for moment in moments.tolist()], dtype=np.int64)
        added = slot_effects(values, slots, SLOTS[season], max(round(cycle / usual), 2))
        if added.any():
            effects[season] = added
            values = values - added[slots]
    return Seasonal(values, effects)
