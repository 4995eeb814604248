"""Rows that came twice: `duplicate_rows`, and `duplicated_batch`, which breaks.

Some data repeat themselves by nature: a handful of categories makes equal rows, a calendar equal stretches of them. So
only what goes beyond the reference's own share of copies counts, of single rows and of stretches of 16 in their order.
That share is larger the longer the reference is, so it is on the calm side for a window. Where the reference itself
repeats so much that a batch could not be told, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.quality.pair import EXAMPLES, exceeds
from duetmind_adaptive.drift.row_hashes import STRETCH, Hashes, Repeats, copies, held_by, stretches
from duetmind_adaptive.records import Finding

Places = NDArray[np.intp]

#: share of copies above the reference's that is worth telling
ROWS_RISE = 0.05
#: share above the reference's that makes it a batch: what one would learn from counts twice for a third of the rows
BATCH_RISE = 0.3
#: fewest rows in which copies mean anything
FEWEST_ROWS = 30


def find(reference: Repeats, current: Hashes, earlier: Hashes | None = None) -> Iterator[Finding]:
    """Tell which rows of a window are copies.

    Parameters
    ----------
    reference
        How much the reference repeats itself.
    current
        The window's rows, in their order.
    earlier
        Rows that came before the window, hashed over the same columns; None when nobody knows.
    """
    if current.size < FEWEST_ROWS:
        return
    if earlier is not None:
        again = held_by(current, earlier)
        if _is_batch(reference, again, held_by(stretches(current), stretches(earlier)), current.size):
            yield _batch(again, current, "were in the rows before it already")
            return
    twice = copies(current)
    if _is_batch(reference, twice, copies(stretches(current)), current.size):
        yield _batch(twice, current, "are copies of others in it")
    elif twice.size / current.size - reference.rows >= ROWS_RISE and exceeds(twice.size, current.size, reference.rows):
        usual = f"{reference.rows:.1%} in the reference"
        message = f"{twice.size:,} of {current.size:,} rows are copies of others in it ({usual})"
        yield Finding(code="duplicate_rows", message=message, count=int(twice.size), examples=_places(twice))


def _is_batch(reference: Repeats, rows: Places, runs: Places, of: int) -> bool:
    """Whether copied rows, or copied stretches of which a window of `of` rows has a few less, are a batch."""
    return (
        rows.size / of - reference.rows >= BATCH_RISE
        or runs.size / (of - STRETCH + 1) - reference.stretches >= BATCH_RISE
    )


def _batch(places: Places, current: Hashes, where: str) -> Finding:
    message = f"{places.size:,} of {current.size:,} rows {where}: a batch came twice"
    return Finding(
        code="duplicated_batch", message=message, count=int(places.size), examples=_places(places), breaks=True
    )


def _places(places: Places) -> tuple[str, ...]:
    return tuple(f"row {place}" for place in places[:EXAMPLES].tolist())
