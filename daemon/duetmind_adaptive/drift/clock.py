"""Tells columns that count on, whatever the data do: timestamps in order, row numbers.

Such a column is different in every file and window and says nothing about drift. It is recognised by both: it ascends
in the order of the rows on either side (`ColumnProfile.ascends`), and the two sides do not overlap.
"""

from __future__ import annotations

from duetmind_adaptive.drift.columns import ColumnProfile

#: values below which an ascending column is chance
FEWEST_VALUES = 8
REASON = "it counts on from file to file, as clocks and row numbers do"


def counts_on(reference: ColumnProfile, current: ColumnProfile) -> bool:
    """Whether the column is a clock or a counter.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> counts_on(*(summarise("row", pa.chunked_array([range(n, n + 9)])) for n in (0, 9)))
    True
    """
    if not (reference.ascends and current.ascends):
        return False
    enough = min(reference.values.size, current.values.size) >= FEWEST_VALUES
    return enough and not _overlap(reference, current)


def _overlap(reference: ColumnProfile, current: ColumnProfile) -> bool:
    return bool(current.values[0] < reference.values[-1] and reference.values[0] < current.values[-1])
