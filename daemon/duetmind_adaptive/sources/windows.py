"""Cuts rows into windows by time; pure functions on timestamps.

A row belongs to the slot of the latest timestamp seen so far, so windows are runs of rows: a row that comes late
counts in the window in which it arrives, and a slot that was given out is never opened again. Slots are aligned to
midnight UTC of 1970-01-01; slots without rows are skipped. A timestamp far in the future that nearer ones follow is
not believed: one bad clock must not close every window until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

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
    #: the selection ends with it
    closed: bool = False

    def completed(self) -> Cut:
        """The same rows, called a window."""
        return replace(self, complete=True)


def slot_end(moment: int, every: int) -> int:
    """End of the slot that holds `moment`.

    >>> slot_end(0, 10), slot_end(9, 10), slot_end(10, 10), slot_end(-1, 10)
    (10, 10, 20, 0)
    """
    return (moment // every + 1) * every


def next_cut(stretches: Iterable[Stretch], every: int, boundary: int | None, latest: int | None = None) -> Cut:
    """The first window of the rows in `stretches`.

    Parameters
    ----------
    stretches
        Timestamps of the rows not yet read, in UTC microseconds; asked for no further than needed.
    every
        Length of a slot, microseconds.
    boundary
        End of the last window given out; its slot and those before are not opened again.
    latest
        See `believable`.
    """
    rows, end = 0, None
    for stretch in stretches:
        stamps = stretch.stamps if latest is None else believable(stretch.stamps, latest)
        known = stamps[stamps != MISSING]
        if end is None and known.size:
            end = slot_end(max(int(known[0]), int(known[0]) if boundary is None else boundary), every)
        over = np.flatnonzero(stamps >= end) if end is not None else np.empty(0, np.int64)
        if over.size:
            return Cut(rows + int(over[0]), end, complete=True)
        rows += stamps.size
        if stretch.closed:
            return Cut(rows, end, complete=rows > 0, closed=True)
    return Cut(rows, end, complete=False)


def believable(stamps: NDArray[np.int64], latest: int) -> NDArray[np.int64]:
    """`stamps` with those after `latest` missing where a later row has one that is not.

    Where no such row follows they stay: a replay of history may be ahead of its clock.

    >>> believable(np.array([1, 99, 2, 98]), 10).tolist() == [1, MISSING, 2, 98]
    True
    """
    near = np.flatnonzero((stamps <= latest) & (stamps != MISSING))
    if not near.size:
        return stamps
    wild = stamps > latest
    wild[near[-1] :] = False
    return np.where(wild, MISSING, stamps)


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
