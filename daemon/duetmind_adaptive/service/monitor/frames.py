"""Frames as the engine's files: the reference in one, each window in one of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ColumnMissingError, SourceMissingError
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.tasks.sides import frame_table

#: folder of the windows, and rows of them that are kept at least: training looks that far back
PRODUCTION, KEPT_ROWS = "production", 1_000_000
#: names of columns that a sentence lists
LISTED = 5


def rows_of(frame: Any, role: str, *, fewest: int = 1) -> pa.Table:
    """The frame as a table.

    Parameters
    ----------
    frame
        A pandas, Polars or Arrow frame, or another with `__arrow_c_stream__`.
    role
        What sentences call it.
    fewest
        Rows that it must have.

    Raises
    ------
    SourceError
        It is no frame, has too few rows, or a column's name twice.

    Examples
    --------
    >>> rows_of(pa.table({"x": [1.0]}), "current_data").num_rows
    1
    >>> rows_of(pa.table({"x": pa.array([], pa.float64())}), "current_data")
    Traceback (most recent call last):
    duetmind_adaptive.errors.SourceMissingError: current_data has no rows; give at least 1
    """
    table = frame_table(frame, role)
    if table.num_rows < fewest:
        held = "no rows" if not table.num_rows else "one row only" if table.num_rows == 1 else f"{table.num_rows} rows"
        raise SourceMissingError(f"{role} has {held}; give at least {fewest}")
    return table


def check_columns(names: Sequence[str], wanted: Sequence[str], role: str) -> None:
    """Raise ColumnMissingError where a frame has none of the wanted columns: a single one that is gone is a finding."""
    if wanted and not keep(wanted, names):
        listed = ", ".join(wanted[:LISTED]) + (", …" if len(wanted) > LISTED else "")
        raise ColumnMissingError(f"{role} has none of the reference's columns ({listed}); give rows of the same table")


def check_roles(names: Sequence[str], roles: dict[str, str | None], role: str) -> None:
    """Raise ColumnMissingError where a frame lacks a column that an argument names."""
    for argument, column in roles.items():
        if column is not None and column not in names:
            raise ColumnMissingError(f"{role} has no column '{column}', which {argument} names")


def keep_reference(folder: Path, table: pa.Table) -> Path:
    """Write the reference; the file's name tells its content, so the same rows are one file."""
    content = _parquet(table)
    path = folder / f"reference-{hashlib.blake2b(content, digest_size=8).hexdigest()}.parquet"
    if not path.exists():
        write_durably(path, content)
    return path


def keep_window(folder: Path, table: pa.Table, first_row: int) -> None:
    """Write the rows of the next window, in place of any that were never checked."""
    for file, begins in _windows(folder):
        if begins >= first_row:
            file.unlink()
    write_durably(folder / f"{first_row:015d}.parquet", _parquet(table))


def forget_windows(folder: Path, next_row: int) -> None:
    """Delete windows so old that nothing looks at them any more."""
    files = _windows(folder)
    ends = [begins for _, begins in files[1:]] + [next_row]
    for (file, _), ends_at in zip(files, ends, strict=False):
        if ends_at <= next_row - KEPT_ROWS:
            file.unlink()


def _windows(folder: Path) -> list[tuple[Path, int]]:
    return [(path, int(path.stem)) for path in sorted(folder.glob("*.parquet")) if path.stem.isdigit()]


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()
