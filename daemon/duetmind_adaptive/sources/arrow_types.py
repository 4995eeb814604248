"""Gives columns one type whatever file they come from, and text of CSV files the type it should have.

Every table leaves this room with the same few types: large strings, integers, floats, booleans, dates, UTC moments,
times of day and durations. A value that does not fit its column's type makes the column text: a matter for the check,
not a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa

from duetmind_adaptive.errors import SourceFormatError
from duetmind_adaptive.sources.compute import pc
from duetmind_adaptive.sources.spellings import TIME, decimal_commas, times_of_day
from duetmind_adaptive.sources.timestamps import MOMENT, as_moments

Types = Mapping[str, pa.DataType]
TEXT = pa.large_string()
DURATION = pa.duration("us")


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type that stands for `kind` in this room's tables.

    >>> [str(plain_type(kind)) for kind in (pa.string(), pa.decimal128(9, 2), pa.timestamp("ns"), pa.int8())]
    ['large_string', 'double', 'timestamp[us, tz=UTC]', 'int8']
    """
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return plain_type(kind.value_type)
    for plain, stands_for in _PLAIN:
        if stands_for(kind):
            return plain
    return kind


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_odd_number(kind: pa.DataType) -> bool:
    return pa.types.is_decimal(kind) or pa.types.is_float16(kind)


_PLAIN: tuple[tuple[pa.DataType, Callable[[pa.DataType], bool]], ...] = (
    (TEXT, _is_text),
    (pa.float64(), _is_odd_number),
    (MOMENT, pa.types.is_timestamp),
    (TIME, pa.types.is_time),
    (DURATION, pa.types.is_duration),
)


def plain_table(table: pa.Table, *, encoded: bool = False) -> pa.Table:
    """`table` in plain types; values stay as they are, and texts dictionary-encoded where they may be `encoded`."""
    columns = [column if encoded and _is_encoded(column.type) else _plain_column(column) for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _is_encoded(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) and plain_type(kind) == TEXT


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = plain_type(column.type)
    if kind == column.type:
        return column
    if pa.types.is_timestamp(column.type):
        return as_moments(column, "")
    return column.cast(kind, safe=not pa.types.is_temporal(kind))  # parts of a microsecond may go


def common_type(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """The narrowest plain type that holds the values of all `kinds`; text when they have nothing in common.

    >>> str(common_type([pa.int8(), pa.float32()])), str(common_type([pa.int64(), TEXT])), str(common_type([]))
    ('double', 'large_string', 'null')
    """
    distinct = {kind for kind in kinds if not pa.types.is_null(kind)}
    if not distinct:
        return pa.null()
    if len(distinct) == 1:
        return distinct.pop()
    if all(pa.types.is_integer(kind) or pa.types.is_boolean(kind) for kind in distinct):
        return pa.float64() if pa.uint64() in distinct else pa.int64()
    if all(is_number(kind) for kind in distinct):
        return pa.float64()
    if all(pa.types.is_timestamp(kind) or pa.types.is_date(kind) for kind in distinct):
        return MOMENT
    return TEXT


def common_types(tables: Iterable[pa.Table]) -> dict[str, pa.DataType]:
    """Every column of any of the tables, in order of appearance, with the type that holds all its values."""
    kinds: dict[str, list[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            kinds.setdefault(field.name, []).append(field.type)
    return {name: common_type(of) for name, of in kinds.items()}


def stack(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all tables in one; a column that some tables lack is null there."""
    kinds = common_types(tables)
    schema = pa.schema(list(kinds.items()))
    return (
        pa.concat_tables([_fitted(table, schema) for table in tables]) if tables else pa.Table.from_batches([], schema)
    )


def from_text(column: pa.ChunkedArray, kind: pa.DataType | None, *, commas: bool = False) -> pa.ChunkedArray:
    """Text as `kind`, or what holds it as well; unchanged where nothing does.

    Parameters
    ----------
    column
        The text.
    kind
        The type it should have; None when nobody knows.
    commas
        Whether numbers may be written with a decimal comma, which a file that separates by commas never does.
    """
    for candidate in _candidates(kind):
        try:
            return _cast_text(column, candidate)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, SourceFormatError):
            continue
    numbers = decimal_commas(column) if commas and _may_be_number(kind) else None
    return column if numbers is None else numbers


def _cast_text(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if kind == MOMENT:
        return as_moments(column, "")
    return times_of_day(column) if kind == TIME else column.cast(kind)


def _may_be_number(kind: pa.DataType | None) -> bool:
    return kind is None or pa.types.is_null(kind) or is_number(kind)


def _candidates(kind: pa.DataType | None) -> tuple[pa.DataType, ...]:
    if kind is None or pa.types.is_null(kind):
        return ()
    if is_number(kind):
        return (kind, pa.int64(), pa.float64(), pa.bool_())
    return (kind, MOMENT) if pa.types.is_date(kind) else (kind,)


def is_number(kind: pa.DataType) -> bool:
    """Whether values of `kind` can be counted with; booleans can."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    here = set(table.column_names)
    return pa.Table.from_arrays(
        [
            _cast(table[field.name], field) if field.name in here else pa.nulls(table.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if column.type == field.type:
        return column
    try:
        if field.type == MOMENT:
            return as_moments(column, "")
        return pc.cast(column, field.type, safe=False)
    except pa.ArrowInvalid as bad:
        raise _differs(field.name, column.type) from bad
    except pa.ArrowNotImplementedError as bad:
        raise _differs(field.name, column.type) from bad


def _differs(name: str, kind: pa.DataType) -> SourceFormatError:
    return SourceFormatError(f"column '{name}' is {kind} in one file and another type elsewhere; write it in one type")
