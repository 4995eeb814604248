"""Column profiles as one Arrow IPC file: no pickle, versioned, memory-mapped, the old file whole until the new one is.

One row per column, the arrays as list columns. Reading maps the file and hands out views, so that many workers share
one copy; what was read is checked for its shape and order, and anything else than a sound file of a known
version is an `ArtifactError` of one sentence.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.errors import ArtifactError

#: bumped whenever a field changes its meaning; other versions are refused
FORMAT = 1

_PLAIN = {
    "name": pa.string(),
    "kind": pa.string(),
    "type": pa.string(),
    "family": pa.string(),
    "rows": pa.int64(),
    "missing": pa.int64(),
    "infinite": pa.int64(),
    "distinct": pa.int64(),
    "longest_run": pa.int64(),
    "other": pa.int64(),
    "untested": pa.string(),
}
_ARRAYS = {"values": pa.float64(), "counts": pa.int64(), "categories": pa.large_string()}


def write(path: Path, columns: Iterable[ColumnProfile], facts: dict[str, Any]) -> None:
    """Put the profiles at `path` atomically: a reader sees the file that was there before, or this one.

    Parameters
    ----------
    path
        Its folder must exist.
    columns
        What to keep, in this order.
    facts
        JSON values that belong to all of them together.
    """
    batch = _to_batch(list(columns)).replace_schema_metadata({"format": str(FORMAT), "facts": json.dumps(facts)})
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            with pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _to_batch(columns: Sequence[ColumnProfile]) -> pa.RecordBatch:
    plain = [pa.array([getattr(column, name) for column in columns], kind) for name, kind in _PLAIN.items()]
    lists = [_to_lists([getattr(column, name) for column in columns], kind) for name, kind in _ARRAYS.items()]
    return pa.RecordBatch.from_arrays(plain + lists, names=[*_PLAIN, *_ARRAYS])


def _to_lists(arrays: Sequence[Any], kind: pa.DataType) -> pa.LargeListArray:
    offsets = np.cumsum([0, *(len(array) for array in arrays)])
    flat = pa.concat_arrays([pa.array([], kind), *(pa.array(array, kind) for array in arrays)])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat)


def read(path: Path) -> tuple[list[ColumnProfile], dict[str, Any]]:
    """Profiles and facts as `write` got them; the arrays are read-only views of the mapped file.

    Raises
    ------
    ArtifactError
        The file is not there, damaged, or of another version.
    """
    try:
        with pa.memory_map(str(path)) as file:
            batch = pa.ipc.open_file(file).get_batch(0)
        return _from_batch(batch)
    except (OSError, pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
        reason = "it is not there" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0].rstrip(".")
        raise ArtifactError(
            f"The stored reference profile {path} cannot be read ({reason}): build it again from the reference."
        ) from error


def _from_batch(batch: pa.RecordBatch) -> tuple[list[ColumnProfile], dict[str, Any]]:
    metadata = {key.decode(): value.decode() for key, value in (batch.schema.metadata or {}).items()}
    if metadata.get("format") != str(FORMAT):
        raise ValueError(f"format {metadata.get('format')} instead of {FORMAT}")
    batch.validate(full=True)
    plain = batch.select(list(_PLAIN)).to_pylist()
    lists = {name: _from_lists(batch.column(name)) for name in _ARRAYS}
    columns = [_from_row(row, {name: lists[name][at] for name in _ARRAYS}) for at, row in enumerate(plain)]
    return columns, json.loads(metadata["facts"])


def _from_lists(column: pa.LargeListArray) -> list[Any]:
    offsets = column.offsets.to_numpy()
    flat = column.values
    if pa.types.is_large_string(flat.type):
        return [tuple(flat.slice(first, last - first).to_pylist()) for first, last in pairwise(offsets)]
    numbers = flat.to_numpy()
    return [numbers[first:last] for first, last in pairwise(offsets)]


def _from_row(row: dict[str, Any], arrays: dict[str, Any]) -> ColumnProfile:
    values = arrays["values"]
    if len(arrays["categories"]) != arrays["counts"].size or not bool((values[1:] >= values[:-1]).all()):
        raise ValueError(f"column {row['name']!r} is damaged")
    return ColumnProfile(**row, **arrays)
