"""Tells columns that count on, whatever the data do: timestamps in order, row numbers.

Such a column is different in every file and says nothing about drift. It is recognised by both: it ascends in the
order of the rows on either side, and the two sides do not overlap.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.columns import ColumnProfile

#: values below which an ascending column is chance
FEWEST_VALUES = 8
REASON = "it counts on from file to file, as clocks and row numbers do"


def counts_on(
    reference: ColumnProfile, current: ColumnProfile, columns: tuple[pa.ChunkedArray, pa.ChunkedArray]
) -> bool:
    """Whether the column is a clock or a counter.

    Parameters
    ----------
    reference, current
        Its summaries.
    columns
        Its values as they came, of the reference and of the current data.

    Examples
    --------
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> columns = tuple(pa.chunked_array([range(n, n + 9)]) for n in (0, 9))
    >>> counts_on(*(summarise("row", column) for column in columns), columns)
    True
    """
    if min(reference.values.size, current.values.size) < FEWEST_VALUES or _overlap(reference, current):
        return False
    return all(_ascends(column, profile) for column, profile in zip(columns, (reference, current), strict=True))


def _overlap(reference: ColumnProfile, current: ColumnProfile) -> bool:
    return bool(current.values[0] < reference.values[-1] and reference.values[0] < current.values[-1])


def _ascends(column: pa.ChunkedArray, profile: ColumnProfile) -> bool:
    """Times may repeat, numbers may not: an ascending number that repeats can be a quantity that grows."""
    is_time = profile.family == "datetime"
    whole = is_time or pa.types.is_integer(column.type)
    if not whole or (profile.distinct < profile.present and not is_time):
        return False
    values = kinds.to_float(kinds.plain(column).drop_null())
    return bool(np.all(values[1:] >= values[:-1]))
