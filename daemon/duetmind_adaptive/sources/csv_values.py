"""Parses the values of complete CSV rows to the types they should have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from duetmind_adaptive.errors import SourceFormatError
from duetmind_adaptive.sources.arrow_types import TEXT, Types, from_text, is_number, plain_table
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.sources.csv_header import Header

_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows `[first, last)` of a file as text; `block` holds them whole and nothing else."""

    path: Path
    header: Header
    first: int
    last: int
    block: bytes


class _UnfitValueError(SourceFormatError):
    """A value does not fit the type of its column."""


def parse_rows(rows: RawRows, wanted: Sequence[str], types: Types) -> pa.Table:
    """The columns `wanted`; those of `types` in that type where every value fits, else as text.

    The others get the type that fits all their values here. Raises SourceFormatError when the rows do not have the
    header's number of fields.
    """
    direct = {name: kind if is_number(kind) else TEXT for name, kind in types.items() if _is_read_as(kind)}
    direct = {name: direct[name] for name in keep(direct, wanted)}
    try:
        table = _read(rows, wanted, direct)
    except _UnfitValueError:
        table = _read(rows, wanted, dict.fromkeys(direct, TEXT))
    if table.num_rows != rows.last - rows.first:
        raise SourceFormatError(
            f"{rows.path}: rows {rows.first} to {rows.last - 1} cannot be told apart (a lone carriage return or a "
            "stray quote is among them); write the file with an ordinary CSV writer"
        )
    table = plain_table(table)
    commas = rows.header.delimiter != ","
    columns = [
        from_text(column, types.get(name), commas=commas) if column.type == TEXT else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _is_read_as(kind: pa.DataType) -> bool:
    """Whether text can be meant to hold it: nobody writes durations alike, so they speak for themselves."""
    return not pa.types.is_null(kind) and not pa.types.is_duration(kind)


def _read(rows: RawRows, wanted: Sequence[str], types: Types) -> pa.Table:
    try:
        return pa_csv.read_csv(
            pa.py_buffer(rows.block),
            read_options=pa_csv.ReadOptions(
                column_names=rows.header.names, use_threads=False, block_size=len(rows.block) + 1
            ),
            parse_options=pa_csv.ParseOptions(delimiter=rows.header.delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, include_columns=list(wanted), strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as bad:
        ragged = _RAGGED.search(str(bad))
        if ragged is None:
            raise _UnfitValueError(f"{rows.path}: {bad}; mend the file") from bad
        row, expected, got = map(int, ragged.groups())
        raise SourceFormatError(
            f"{rows.path}: row {rows.first + row - 1} has {_count(got, 'value')} where the header has "
            f"{_count(expected, 'column')}; mend the row"
        ) from bad


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
