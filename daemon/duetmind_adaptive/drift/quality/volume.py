"""Far fewer or more rows than usual in a window of time: `volume_low`, which breaks, and `volume_high`.

Only windows by time can know; a window by rows has always the same number. What is usual is counted in the reference,
in slots of the window's length: below half of the median a window is low, unless the quietest twentieth of the
reference's own slots was as low (weekends), and high above twice the median likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.records import Finding

#: share of the usual rows below which a window is low
LOW_SHARE = 0.5
#: … and multiple above which it is high: as far as low, the other way
HIGH_SHARE = 2.0
#: share of the reference's slots, at either end, that count as usual too
QUIET_SLOTS = 0.05
#: fewest whole slots of the reference from which one can tell what is usual
FEWEST_SLOTS = 4
#: fewest usual rows: of fewer, half is chance
FEWEST_ROWS = 20


class Volume(NamedTuple):
    """Rows per slot in the reference: its quietest and busiest twentieth, and the median."""

    low: float
    median: float
    high: float

    def times(self, part: float) -> Volume:
        """Give what is usual in a part of a slot."""
        return Volume(self.low * part, self.median * part, self.high * part)


def usual_volume(seconds: NDArray[np.float64], rows: int, every: float) -> Volume | None:
    """Rows in a slot of `every` seconds, from the times of the reference.

    Parameters
    ----------
    seconds
        The reference's times, ascending, possibly thinned to evenly spaced ranks.
    rows
        How many rows they stand for.
    every
        Length of a slot, in seconds; slots are aligned to the epoch, and empty ones and the outermost do not count.

    Returns
    -------
    None when the reference covers too few slots to tell.

    Examples
    --------
    >>> usual_volume(np.arange(0.0, 100.0), 100, 10)
    Volume(low=10.0, median=10.0, high=10.0)
    """
    if not seconds.size:
        return None
    slots = np.floor(seconds / every).astype(np.int64)
    held, counts = np.unique(slots, return_counts=True)
    inner = counts[1:-1] * (rows / seconds.size)
    if held.size < FEWEST_SLOTS + 2:
        return None
    low, median, high = np.quantile(inner, [QUIET_SLOTS, 0.5, 1 - QUIET_SLOTS]).tolist()
    return Volume(low, median, high)


def find(rows: int, usual: Volume) -> Iterator[Finding]:
    """Tell that a window of time holds far fewer or more rows than usual."""
    if usual.median < FEWEST_ROWS:
        return
    beside = f"{rows:,} rows came in the window; {usual.median:,.0f} are usual"
    if rows < min(LOW_SHARE * usual.median, usual.low):
        yield Finding(code="volume_low", message=f"only {beside}", count=rows, breaks=True)
    elif rows > max(HIGH_SHARE * usual.median, usual.high):
        yield Finding(code="volume_high", message=beside, count=rows)
