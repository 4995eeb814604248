"""A short fingerprint of a row: it tells rows that were added from rows that were rewritten."""

from __future__ import annotations

import hashlib

import pyarrow as pa


def row_digest(row: pa.Table) -> str:
    """The same for a table of one row, whatever types and order its columns are written in.

    >>> row_digest(pa.table({"a": [1], "b": ["x"]})) == row_digest(pa.table({"b": ["x"], "a": [1.0]}))
    True
    """
    values = sorted((name, _canonical(row[name])) for name in row.column_names if not row[name].null_count)
    return hashlib.blake2b(repr(values).encode(), digest_size=8).hexdigest()


def _canonical(column: pa.ChunkedArray) -> str:
    """The one value of `column` as text, the same for every width of number."""
    value: object = (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column)[0].as_py()
    if isinstance(value, bool | int | float):
        return repr(float(value))
    return str(value)
