"""What a check knows of a window beside its rows: how long it lasts, its keys, and the rows that came before it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.moments import as_floats
from duetmind_adaptive.drift.quality.window import Surroundings
from duetmind_adaptive.errors import SourceError, SourceFormatError
from duetmind_adaptive.records import Window
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.production import ProductionSource
from duetmind_adaptive.sources.timestamps import MISSING, as_moments, from_microseconds, microseconds

#: rows before a window that it is compared with, at most: they are read a second time
EARLIER_ROWS = 50_000
#: share of neighbouring rows that must not step back in time: a few late ones do, rows in no order do half of the time
ORDERED_SHARE = 0.9


def moments_of(model: Model, table: pa.Table) -> pa.ChunkedArray | None:
    """When each row came; None where the table does not tell: no such column, or other things than times in it."""
    if model.timestamp is None or model.timestamp not in table.column_names:
        return None
    try:
        return as_moments(table[model.timestamp], f"timestamp column '{model.timestamp}'")
    except SourceFormatError:  # the times of a reference are of use, and nothing that a model needs
        return None


def clock_of(model: Model, table: pa.Table) -> NDArray[np.float64] | None:
    """The same in seconds since 1970, NaN where a row does not say so."""
    moments = moments_of(model, table)
    return None if moments is None else as_floats(moments)


def surroundings(
    model: Model, source: ProductionSource, window: Window, table: pa.Table, features: tuple[str, ...]
) -> Surroundings:
    """Gather what is known of a window; rows before it that cannot be read any more are not known.

    Parameters
    ----------
    model, source
        Whose window it is.
    window, table
        The window and its rows.
    features
        The columns to read of the rows before it.
    """
    first = max(0, window.first_row - min(window.rows, EARLIER_ROWS))
    before = _read(source, first, window.first_row, [*features, *([model.timestamp] if model.timestamp else [])])
    key = model.labels.key
    ordered = before is not None and _in_order(_stamps(model, before)) and _in_order(_stamps(model, table))
    return Surroundings(
        window=window,
        every=model.production.window.every,
        earlier=_window(model, before, first) if before is not None and ordered else None,
        earlier_rows=before,
        key=(key, table[key]) if key is not None and key in table.column_names else None,
    )


def _read(source: ProductionSource, first: int, last: int, columns: list[str]) -> pa.Table | None:
    if first >= last:
        return None
    try:
        return source.read(first, last, columns)
    except SourceError:  # rotated away or rewritten since: the window itself was read, and is checked without them
        return None


def _stamps(model: Model, table: pa.Table) -> NDArray[np.int64]:
    """Known times of the rows in their order, as microseconds."""
    moments = moments_of(model, table)
    stamps = microseconds(moments) if moments is not None else np.empty(0, np.int64)
    return stamps[stamps != MISSING]


def _in_order(stamps: NDArray[np.int64]) -> bool:
    """Whether rows come as time goes; where they do not, a window's times need not go on from those before it."""
    return stamps.size > 1 and float((stamps[1:] >= stamps[:-1]).mean()) >= ORDERED_SHARE


def _window(model: Model, table: pa.Table, first: int) -> Window:
    stamps = _stamps(model, table)
    start, end = (from_microseconds(int(stamps[at])) for at in (0, -1))
    return Window(first_row=first, last_row=first + table.num_rows, start=start, end=end)
