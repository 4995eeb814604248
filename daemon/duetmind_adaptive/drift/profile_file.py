"""Column profiles as one file: no pickle, versioned, checked, memory-mapped, the old one whole until the new one is.

An Arrow IPC stream of one record batch (a row for each column, arrays as lists), then the CRC-32 of it as 4 bytes.
Reading maps the file and hands out views, so that many workers share one copy; anything but a sound file of a
version it knows is an `ArtifactError` of one sentence.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ArtifactError

#: bumped whenever a field comes or changes its meaning
FORMAT = 4
#: versions that can be read: what a file of an older one lacks is unknown, and other versions are refused
READABLE = (1, 2, 3, FORMAT)
CHECKSUM_BYTES = 4

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
    "garbled": pa.int64(),
    "ascends": pa.bool_(),
}
_ARRAYS = {
    "values": pa.float64(),
    "counts": pa.int64(),
    "hashed": pa.int64(),
    "words": pa.int64(),
    "ngrams": pa.int64(),
    "lags": pa.float64(),
    "strange_words": pa.float64(),
    "strange_ngrams": pa.float64(),
    "categories": pa.large_string(),
    "garbled_examples": pa.large_string(),
}


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
    content = _to_bytes(batch)
    write_durably(path, memoryview(content), zlib.crc32(content).to_bytes(CHECKSUM_BYTES, "big"))


def _to_bytes(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


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
            whole = file.read_buffer()
        return _from_batch(pa.ipc.open_stream(_checked(whole)).read_next_batch())
    except (OSError, pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
        reason = "it is not there" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0].rstrip(".")
        raise ArtifactError(
            f"The stored reference profile {path} cannot be read ({reason}): build it again from the reference."
        ) from error


def _checked(whole: pa.Buffer) -> pa.Buffer:
    if whole.size <= CHECKSUM_BYTES:
        raise ValueError("it is cut off")
    content, checksum = whole.slice(0, whole.size - CHECKSUM_BYTES), whole.slice(whole.size - CHECKSUM_BYTES)
    if zlib.crc32(content) != int.from_bytes(checksum.to_pybytes(), "big"):
        raise ValueError("it is damaged: its checksum does not fit")
    return content


def _from_batch(batch: pa.RecordBatch) -> tuple[list[ColumnProfile], dict[str, Any]]:
    metadata = {key.decode(): value.decode() for key, value in (batch.schema.metadata or {}).items()}
    if metadata.get("format") not in {str(version) for version in READABLE}:
        raise ValueError(f"format {metadata.get('format')} instead of {FORMAT}")
    held = set(batch.schema.names)
    plain = batch.select([name for name in _PLAIN if name in held]).to_pylist()
    lists = {name: _from_lists(batch.column(name)) for name in _ARRAYS if name in held}
    columns = [ColumnProfile(**row, **{name: lists[name][at] for name in lists}) for at, row in enumerate(plain)]
    return columns, json.loads(metadata["facts"])


def _from_lists(column: pa.LargeListArray) -> list[Any]:
    offsets = column.offsets.to_numpy()
    flat = column.values
    if pa.types.is_large_string(flat.type):
        return [tuple(flat.slice(first, last - first).to_pylist()) for first, last in pairwise(offsets)]
    numbers = flat.to_numpy()
    return [numbers[first:last] for first, last in pairwise(offsets)]
