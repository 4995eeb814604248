"""Cuts rows into windows by time; pure functions on timestamps.

A row belongs to the slot of the latest timestamp seen so far, so windows are runs of rows: a row that comes late
counts in the window in which it arrives, and a slot that was given out is never opened again. Slots are aligned to
midnight UTC of 1970-01-01; slots without rows are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.sources.selection import Stretch
from duetmind_adaptive.sources.timestamps import MISSING


@dataclass(frozen=True, slots=True)
class Cut:
    """The next window: `rows` rows (so far, when not `complete`) up to the moment `end`, None before any timestamp."""

    rows: int
    end: int | None
    complete: bool


def slot_end(moment: int, every: int) -> int:
    """End of the slot that holds `moment`.

    >>> slot_end(0, 10), slot_end(9, 10), slot_end(10, 10), slot_end(-1, 10)
    (10, 10, 20, 0)
    """
    return (moment // every + 1) * every


def next_cut(stretches: Iterable[Stretch], every: int, boundary: int | None) -> Cut:
    """The first window of the rows in `stretches`.

    Parameters
    ----------
    stretches
        Timestamps of the rows not yet read, in UTC microseconds; asked for no further than needed.
    every
        Length of a slot, microseconds.
    boundary
        End of the last window given out; its slot and those before are not opened again.
    """
    rows, end = 0, None
    for stretch in stretches:
        known = stretch.stamps[stretch.stamps != MISSING]
        if end is None and known.size:
            end = slot_end(max(int(known[0]), int(known[0]) if boundary is None else boundary), every)
        over = np.flatnonzero(stretch.stamps >= end) if end is not None else np.empty(0, np.int64)
        if over.size:
            return Cut(rows + int(over[0]), end, complete=True)
        rows += stretch.stamps.size
        if stretch.closed:
            return Cut(rows, end, complete=rows > 0)
    return Cut(rows, end, complete=False)


def slot_ends(stamps: NDArray[np.int64], every: int) -> NDArray[np.int64]:
    """For each row, the end of the slot it belongs to; rows before the first timestamp belong to its slot.

    >>> slot_ends(np.array([MISSING, 3, 25, 9]), 10).tolist()
    [10, 10, 30, 30]
    """
    known = stamps[stamps != MISSING]
    if not known.size:
        return np.zeros_like(stamps)
    latest = np.maximum(np.maximum.accumulate(stamps), known[0])
    return (latest // every + 1) * every
