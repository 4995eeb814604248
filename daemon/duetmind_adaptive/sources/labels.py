"""Joins the truth to the rows: from the target column or from files of labels, and only once its delay is over.

A label is known `delay` after its row's timestamp; before, it is null even where the data already hold it, so that a
replay of history sees what was known then. Without a timestamp column the window's end stands for its rows.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from duetmind_adaptive.errors import ColumnMissingError
from duetmind_adaptive.records import Window
from duetmind_adaptive.sources.arrow_types import TEXT
from duetmind_adaptive.sources.compute import booleans, integers, pc
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.files import list_files
from duetmind_adaptive.sources.spot import ALL_ROWS
from duetmind_adaptive.sources.timestamps import MISSING, as_moments, microseconds, to_microseconds

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Model


#: the label files that were read since `read_once` began; None where each look reads them anew
_KEPT: ContextVar[dict[tuple[str, ...], pa.Table] | None] = ContextVar("labels that were read", default=None)


@contextmanager
def read_once() -> Generator[None]:
    """While it lasts label files are read once: a check of a hundred late windows knows one truth, and is quick."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def with_labels(table: pa.Table, model: Model, *, now: datetime, window_end: datetime | None) -> pa.Table:
    """`table` with the target column, null where the truth is not known at `now`; unchanged without a target.

    Parameters
    ----------
    window_end
        Stands for the timestamps of the rows when the model has no timestamp column. When there is neither, a
        label that is there is known.
    """
    if model.target is None:
        return table
    table = joined(table, model)
    if model.target not in table.column_names:
        table = table.append_column(model.target, pa.nulls(table.num_rows))
    return _masked(table, model.target, model, now, window_end)


def labels_due(window: Window, model: Model, *, now: datetime, seen: datetime | None = None) -> bool:
    """Whether the delay of every row of `window` is over; `seen` stands for its end when it has no times."""
    end = window.end or seen
    return end is None or not model.labels.delay or end + model.labels.delay <= now


def joined(table: pa.Table, model: Model) -> pa.Table:
    """`table` with the target that the label files have for each row's key; the last one written counts.

    Unchanged for a model whose labels do not live elsewhere.
    """
    elsewhere = _elsewhere(model)
    if elsewhere is None:
        return table
    _, key, target = elsewhere
    truth = _truth(table, model, elsewhere)
    last_first = truth.take(integers(np.arange(truth.num_rows)[::-1]))
    keys, known = _meeting(table[key], last_first[key])
    column = last_first[target].take(pc.index_in(keys, value_set=known, skip_nulls=True))
    if target in table.column_names:
        return table.set_column(table.column_names.index(target), target, column)
    return table.append_column(target, column)


def contradicted(table: pa.Table, model: Model) -> dict[str, tuple[str, ...]]:
    """Keys of the rows of which the label files say different things, each with what they say.

    Empty for a model whose labels do not live elsewhere.
    """
    elsewhere = _elsewhere(model)
    if elsewhere is None:
        return {}
    _, key, target = elsewhere
    truth = _truth(table, model, elsewhere)
    keys, known = _meeting(table[key], truth[key])
    theirs = truth.filter(pc.is_in(known, value_set=keys.combine_chunks(), skip_nulls=True))
    said = theirs.group_by(key).aggregate([(target, "distinct")])
    several = said.filter(pc.greater(pc.list_value_length(said[f"{target}_distinct"]), 1))
    return {
        str(row[key]): tuple(str(value) for value in row[f"{target}_distinct"])
        for row in several.sort_by(key).to_pylist()
    }


def _truth(table: pa.Table, model: Model, elsewhere: tuple[str, str, str]) -> pa.Table:
    """Every label that the files hold, in the order written."""
    path, key, target = elsewhere
    if key not in table.column_names:
        raise ColumnMissingError(f"the data has no column '{key}', which models.{model.name}.labels.key names")
    return _labels(path, key, target, table.schema.field(key).type)


def _meeting(keys: pa.ChunkedArray, known: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    return (keys, known) if keys.type == known.type else (_as_key(keys), _as_key(known))


def _elsewhere(model: Model) -> tuple[str, str, str] | None:
    """Path, key and target of labels in files of their own."""
    path, key, target = model.labels.path, model.labels.key, model.target
    return None if path is None or key is None or target is None else (path, key, target)


def _labels(path: str, key: str, target: str, kind: pa.DataType) -> pa.Table:
    """Key and target of every label there is; keys written as text are read as the `kind` they must meet."""
    kept, name = _KEPT.get(), (path, key, target, str(kind))
    if kept is None:
        return _read(path, key, target, kind)
    if name not in kept:
        kept[name] = _read(path, key, target, kind)
    return kept[name]


def _read(path: str, key: str, target: str, kind: pa.DataType) -> pa.Table:
    with Feed(list_files(path), required=(key, target), types=lambda: {key: kind}) as feed:
        truth = feed.read(Place(), ALL_ROWS, (key, target))
    if not truth.num_rows:
        return pa.Table.from_batches([], pa.schema([(key, TEXT), (target, pa.null())]))
    return truth.filter(pc.and_(truth[key].is_valid(), truth[target].is_valid()))


def _as_key(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers and text of the same key meet as text: 7, 7.0 and "7" are one key."""
    if pa.types.is_floating(column.type):
        whole = pc.equal(pc.floor(column), column)
        if pc.all(whole).as_py() is not False:
            column = column.cast(pa.int64())
    return column.cast(TEXT)


def _masked(table: pa.Table, target: str, model: Model, now: datetime, window_end: datetime | None) -> pa.Table:
    delay = model.labels.delay
    if delay <= timedelta(0):
        return table
    if model.timestamp is not None and model.timestamp in table.column_names:
        moments = as_moments(table[model.timestamp], f"timestamp column '{model.timestamp}'")
        stamps = microseconds(moments)
        known = (stamps != MISSING) & (stamps <= to_microseconds(now - delay))
    else:
        known = np.full(table.num_rows, window_end is None or window_end + delay <= now)
    column = pc.if_else(booleans(known), table[target], pa.nulls(table.num_rows, table[target].type))
    return table.set_column(table.column_names.index(target), target, column)
