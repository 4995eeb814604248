"""What is wrong with the rows of a window as a whole: copies, volume, times, keys; judged where it can be known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from duetmind_adaptive.drift.quality import duplicates, keys, stale, volume
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.row_hashes import Repeats, copies, held_by, row_hashes
from duetmind_adaptive.records import Finding, Window

#: columns in which copies are looked for ahead of all the others, which cost more
TELLING_COLUMNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known of a window beside its rows; what is None is not judged."""

    window: Window
    #: how long a window lasts, where they are cut by time
    every: timedelta | None = None
    #: the window before it, and its rows
    earlier: Window | None = None
    earlier_rows: pa.Table | None = None
    #: the name of the key and its values in the window
    key: tuple[str, pa.ChunkedArray] | None = None


def window_findings(
    reference: Reference, current: pa.Table, around: Surroundings | None, *, broken: bool
) -> Iterator[Finding]:
    """Tell what is wrong with the rows of a window as a whole.

    Parameters
    ----------
    reference
        Its `repeats` and its `clock` are used.
    current
        The window's rows; the reference's columns are what makes two of them equal.
    around
        None for a window that stands alone.
    broken
        Whether a column is: rows are alike then for another reason, and copies cannot be told.
    """
    if not broken and reference.repeats is not None:
        earlier = around.earlier_rows if around else None
        yield from _copies(reference, reference.repeats, current, earlier)
    if around is None:
        return
    clock = reference.clock
    yield from stale.find(around.window, around.earlier, clock.longest_run if clock else None)
    if clock and around.every:
        every = around.every.total_seconds()
        usual = volume.usual_volume(clock.values, clock.present, every)
        yield from volume.find(around.window.rows, usual.times(_part(around.window, every))) if usual else ()
    if around.key:
        yield from keys.find(*around.key)


def _part(window: Window, every: float) -> float:
    """Share of its slot that a window covers: production's first one may begin late in its own."""
    if window.first_row or window.start is None:
        return 1.0
    return 1 - window.start.timestamp() % every / every


def _copies(reference: Reference, repeats: Repeats, current: pa.Table, earlier: pa.Table | None) -> Iterator[Finding]:
    """Look at the most telling columns first: rows that are equal are equal there too, and few windows hold any."""
    names = list(reference.columns)
    if earlier is not None and not set(names) <= set(earlier.column_names):
        earlier = None
    telling = sorted(names, key=lambda name: -reference.columns[name].distinct)[:TELLING_COLUMNS]
    few = row_hashes(current, telling, holes_differ=False)
    if earlier is not None:
        again = held_by(few, row_hashes(earlier, telling, holes_differ=False)).size
        earlier = earlier if again >= duplicates.BATCH_RISE * few.size else None
    if earlier is None and copies(few).size < duplicates.ROWS_RISE * few.size:
        return
    before = row_hashes(earlier, names) if earlier is not None else None
    yield from duplicates.find(repeats, row_hashes(current, names), before)
