"""What each column of a frame holds: stated, or told from its type and its values as the drift engine tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from pandas.api import types

from duetmind_adaptive.drift.kinds import is_text
from duetmind_adaptive.errors import ColumnMismatchError, ColumnMissingError
from duetmind_adaptive.records import Kind

#: values of a column of words that are looked at, evenly spread: more would not change what they look like
LOOKED_AT = 50_000
#: what pandas finds in columns of Python objects
_OBJECTS: dict[str, Kind] = {
    "boolean": "boolean",
    "integer": "numeric",
    "floating": "numeric",
    "mixed-integer-float": "numeric",
    "decimal": "numeric",
    "datetime": "datetime",
    "datetime64": "datetime",
    "date": "datetime",
}


def infer_kinds(frame: pd.DataFrame, stated: Mapping[str, Kind] | None = None) -> dict[str, Kind]:
    """The kind of every column, in the order of the frame.

    Parameters
    ----------
    frame : DataFrame
        With names that are text, each once.
    stated : Mapping, optional
        Kinds that hold whatever the values look like.

    Raises
    ------
    ColumnMissingError
        When a stated column is not there.
    ColumnMismatchError
        When a name is no text or occurs twice.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [31, 45], "job": ["cook", "nurse"], "zip": [10115, 20095]})
    >>> infer_kinds(frame, {"zip": "categorical"})
    {'age': 'numeric', 'job': 'categorical', 'zip': 'categorical'}
    """
    names: list[str] = list(frame.columns)
    _refuse(names, stated or {})
    kinds: dict[str, Kind] = {name: _kind(frame.iloc[:, at]) for at, name in enumerate(names)}
    kinds.update(stated or {})
    return kinds


def _refuse(names: Sequence[object], stated: Mapping[str, Kind]) -> None:
    if odd := [name for name in names if not isinstance(name, str)]:
        raise ColumnMismatchError(
            f"the column name {odd[0]!r} is no text; rename it, say with frame.columns.astype(str)"
        )
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise ColumnMismatchError(f"the data has column '{twice}' more than once; rename one of them")
    if missing := [name for name in stated if name not in names]:
        raise ColumnMissingError(f"column_kinds names column '{missing[0]}', which the data does not have")


def _kind(values: pd.Series) -> Kind:
    held = values.dtype
    if types.is_bool_dtype(held):
        return "boolean"
    if types.is_numeric_dtype(held) or types.is_timedelta64_dtype(held):
        return "numeric"
    if types.is_datetime64_any_dtype(held):
        return "datetime"
    if isinstance(held, pd.CategoricalDtype):
        return "categorical"
    step = max(1, len(values) // LOOKED_AT)
    seen = values.iloc[::step].dropna()
    if held == np.dtype(object):
        inside = types.infer_dtype(seen, skipna=True)
        if inside != "string":
            return _OBJECTS.get(inside, "categorical")
    return "text" if is_text(int(seen.nunique()), len(seen)) else "categorical"
