"""Which kind of column an Arrow type stands for, and its values as plain float64.

A *family* says what a type holds, whatever its width: `int8` and `double` are both numbers, so a file that
writes one instead of the other has not changed. A *kind* is how a column is compared, and is decided once, on the
reference: strings are categories or free text, depending on how often they repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import types

from duetmind_adaptive.drift.arrays import present_in, values_of
from duetmind_adaptive.records import Kind

#: `empty` is Arrow's null type: a column without a single value; `opaque` is nested or binary
Family = Literal["number", "boolean", "datetime", "string", "empty", "opaque"]

#: strings are free text when there are more than this many different ones …
TEXT_DISTINCT = 50
#: … and more than this share of the values are different
TEXT_SHARE = 0.5

#: kinds that values of a family can be compared as
POSSIBLE: dict[Family, tuple[Kind, ...]] = {
    "number": ("numeric", "categorical", "boolean"),
    "boolean": ("boolean", "categorical", "numeric"),
    "datetime": ("datetime",),
    "string": ("text", "categorical"),
    "empty": ("numeric", "categorical", "boolean", "datetime", "text"),
    "opaque": (),
}

#: types whose family is remembered: telling it costs more than anything else that is done with a small column
TYPES_KEPT = 1_024

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DAY = 86_400.0


@lru_cache(maxsize=TYPES_KEPT)
def family(arrow_type: pa.DataType) -> Family:
    """Tell what an Arrow type holds.

    Examples
    --------
    >>> family(pa.decimal128(10, 2)), family(pa.dictionary(pa.int8(), pa.string())), family(pa.list_(pa.int8()))
    ('number', 'string', 'opaque')
    """
    if types.is_dictionary(arrow_type):
        return family(arrow_type.value_type)
    tests: dict[Family, tuple[Callable[[pa.DataType], bool], ...]] = {
        "boolean": (types.is_boolean,),
        "number": (types.is_integer, types.is_floating, types.is_decimal, types.is_duration, types.is_time),
        "datetime": (types.is_timestamp, types.is_date),
        "string": (types.is_string, types.is_large_string, types.is_string_view),
        "empty": (types.is_null,),
    }
    for name, checks in tests.items():
        if any(check(arrow_type) for check in checks):
            return name
    return "opaque"


def value_type(arrow_type: pa.DataType) -> pa.DataType:
    """The type of the values themselves, encoded or not."""
    return arrow_type.value_type if types.is_dictionary(arrow_type) else arrow_type


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without dictionary encoding; other columns as they are."""
    return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column


def is_text(distinct: int, values: int) -> bool:
    """Whether a string column is free text rather than categories.

    Examples
    --------
    >>> is_text(distinct=990, values=1000), is_text(distinct=72, values=1000), is_text(distinct=20, values=20)
    (True, False, False)
    """
    return distinct > TEXT_DISTINCT and distinct > TEXT_SHARE * values


def kind_of(held: Family, distinct: int, values: int) -> Kind:
    """How a reference column of this family is compared; nested and binary columns pass as text."""
    if held == "string":
        return "text" if is_text(distinct, values) else "categorical"
    kinds: dict[Family, Kind] = {
        "number": "numeric",
        "boolean": "boolean",
        "datetime": "datetime",
        "empty": "categorical",
    }
    return kinds.get(held, "text")


def number_names(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers without nulls as the names of categories; NaN becomes null.

    Examples
    --------
    >>> number_names(pa.chunked_array([[1.0, 2.5, 1.0]])).to_pylist()
    ['1', '2.5', '1']
    """
    return category_names(values).drop_null()


def category_names(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Every value as a profile names its category; what is missing, NaN included, is null.

    Examples
    --------
    >>> category_names(pa.chunked_array([[1 / 3, None, 1e16]])).to_pylist()
    ['0.333333333333333', None, '1e+16']
    """
    whole = plain(column)
    if family(whole.type) != "number":
        return whole.cast(pa.large_string())
    values = np.full(len(whole), np.nan)
    values[present_in(whole)] = to_float(whole.drop_null())
    different, places = np.unique(values, return_inverse=True)
    names = [None if np.isnan(value) else f"{value:.15g}" for value in different.tolist()]
    return pa.chunked_array([pa.array(names, pa.large_string()).take(pa.array(places))])


def _unit(arrow_type: pa.DataType) -> float:
    if types.is_date32(arrow_type):
        return _DAY
    if types.is_date64(arrow_type):
        return _SECONDS["ms"]
    return _SECONDS[arrow_type.unit]


def to_float(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Values as float64, nulls left out: numbers as they are, times in seconds, booleans 0 or 1, strings their length.

    Integers beyond 2^53 and times finer than 0.2 µs are rounded to the nearest float64.

    Examples
    --------
    >>> to_float(pa.chunked_array([["a", "abc"]]))
    array([1., 3.])
    >>> to_float(pa.chunked_array([pa.array([1, 2], pa.timestamp("ms"))]))
    array([0.001, 0.002])
    """
    held = values.type
    if family(held) == "string":
        return values_of(pc.call_function("utf8_length", [values])).astype(np.float64)
    if types.is_temporal(held):
        width = pa.int32() if types.is_date32(held) or types.is_time32(held) else pa.int64()
        return values_of(values.cast(width)).astype(np.float64) * _unit(held)
    if types.is_boolean(held):
        return values_of(values).astype(np.float64)
    if types.is_float64(held):
        return values_of(values)
    return values_of(values.cast(pa.float64(), safe=False))
