"""Profiles as bytes: no pickle, versioned, checked; either whole, or without the grid that a stored reference holds.

``DMPF``, the format's number (2 bytes), the CRC-32 of the rest (4 bytes), and that rest deflated: an Arrow IPC stream
of one record batch with a row for each column. Anything else is an `ArtifactError` of one sentence.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.profiles.column import ColumnCounts
from duetmind_adaptive.drift.profiles.grid import Grid
from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.stats.misra_gries import HeavyHitters
from duetmind_adaptive.stats.moments import Moments

MAGIC = b"DMPF"
#: bumped whenever a field comes or changes its meaning
FORMAT = 1
_HEADER = struct.Struct(">4sHI")

_GRID = {
    "name": pa.string(),
    "kind": pa.string(),
    "family": pa.string(),
    "type": pa.string(),
    "untested": pa.string(),
    "edges": pa.large_list(pa.float64()),
    "deciles": pa.large_list(pa.float64()),
    "cells": pa.large_list(pa.float64()),
    "categories": pa.large_list(pa.large_string()),
}
_EDGES = ("edges", "deciles", "cells")
_PLAIN = ("rows", "missing", "unreadable", "unnamed")


def encode(columns: Sequence[ColumnCounts], facts: dict[str, Any], *, grids: bool) -> bytes:
    """The bytes of some columns and of JSON values that belong to all of them together.

    Parameters
    ----------
    columns
        In any order; `decode` gives them back in it.
    facts
        JSON values.
    grids
        Whether the grids are part of it; they are most of the bytes.
    """
    fields = {**(_grid_fields(columns) if grids else {}), **_count_fields(columns)}
    own = {"grids": grids, "digest": digest_of([each.grid for each in columns])}
    metadata = {"facts": json.dumps({**facts, **own})}
    batch = pa.RecordBatch.from_arrays(list(fields.values()), names=list(fields)).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    body = zlib.compress(sink.getvalue())
    return _HEADER.pack(MAGIC, FORMAT, zlib.crc32(body)) + body


def digest_of(grids: Sequence[Grid]) -> str:
    """Equal for equal grids in the same order.

    Examples
    --------
    >>> digest_of([]) == digest_of([Grid(name="x", kind="numeric", family="number", type="double")])
    False
    """
    hashed = hashlib.blake2b(digest_size=8)
    for grid in grids:
        hashed.update(grid.digest)
    return hashed.hexdigest()


def _grid_fields(columns: Sequence[ColumnCounts]) -> dict[str, pa.Array]:
    return {name: pa.array([getattr(each.grid, name) for each in columns], kind) for name, kind in _GRID.items()}


def _count_fields(columns: Sequence[ColumnCounts]) -> dict[str, pa.Array]:
    plain = {name: pa.array([getattr(each, name) for each in columns], pa.int64()) for name in _PLAIN}
    highest = max((int(each.counts.max(initial=0)) for each in columns), default=0)
    narrow = pa.large_list(pa.from_numpy_dtype(np.min_scalar_type(highest)))
    return {
        **plain,
        "infinite": pa.array([each.infinite for each in columns], pa.large_list(pa.int64())),
        "moments": pa.array([each.moments for each in columns], pa.large_list(pa.float64())),
        "outer": pa.array([each.outer for each in columns], pa.large_list(pa.float64())),
        "counts": pa.array([each.counts for each in columns], narrow),
        "hashed": pa.array([each.hashed for each in columns], pa.large_list(pa.int64())),
        "registers": pa.array([each.registers.tobytes() for each in columns], pa.large_binary()),
        "error": pa.array([each.others.error for each in columns], pa.int64()),
        "others": pa.array([list(each.others.counts) for each in columns], pa.large_list(pa.large_string())),
        "held": pa.array([list(each.others.counts.values()) for each in columns], pa.large_list(pa.int64())),
        "types": pa.array([sorted(each.types) for each in columns], pa.large_list(pa.large_string())),
    }


def decode(content: bytes, grids: Sequence[Grid] | None = None) -> tuple[list[ColumnCounts], dict[str, Any]]:
    """Columns and facts as `encode` got them.

    Parameters
    ----------
    content
        What `encode` gave.
    grids
        In the order of the columns; needed when they are not part of it.

    Raises
    ------
    ArtifactError
        The bytes are damaged, of another version, or lack grids that were not given.
    """
    try:
        batch = pa.ipc.open_stream(_checked(content)).read_next_batch()
        facts = json.loads(batch.schema.metadata[b"facts"])
        own = list(_grids(batch)) if facts["grids"] else grids
        return list(_columns(batch, _fitting(own, facts["digest"]))), facts
    except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError, struct.error, zlib.error) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise ArtifactError(f"The stored profile cannot be read ({reason}): make it again from its rows.") from error


def _fitting(grids: Sequence[Grid] | None, digest: str) -> Sequence[Grid]:
    if grids is None:
        raise ValueError("it was stored without its bins and needs its reference's profile to be read")
    if digest_of(grids) != digest:
        raise ValueError("it was counted on other bins than these and needs its own reference's profile to be read")
    return grids


def _checked(content: bytes) -> bytes:
    if len(content) <= _HEADER.size:
        raise ValueError("it is cut off")
    magic, version, checksum = _HEADER.unpack_from(content)
    if magic != MAGIC:
        raise ValueError("it is no profile")
    body = memoryview(content)[_HEADER.size :]
    if zlib.crc32(body) != checksum:
        raise ValueError("it is damaged: its checksum does not fit")
    if version != FORMAT:
        raise ValueError(f"format {version} instead of {FORMAT}")
    return zlib.decompress(body)


def _grids(batch: pa.RecordBatch) -> Iterator[Grid]:
    edges, deciles, cells = (_numbers(batch.column(name)) for name in _EDGES)
    for at, row in enumerate(batch.select([name for name in _GRID if name not in _EDGES]).to_pylist()):
        row["categories"] = tuple(row["categories"])
        yield Grid(**row, edges=edges[at], deciles=deciles[at], cells=cells[at])


def _columns(batch: pa.RecordBatch, grids: Sequence[Grid]) -> Iterator[ColumnCounts]:
    counts, hashed = _numbers(batch.column("counts")), _numbers(batch.column("hashed"))
    rest = batch.select([name for name in batch.schema.names if name not in _GRID and name not in {"counts", "hashed"}])
    for at, row in enumerate(rest.to_pylist()):
        grid, (rows, *moments) = grids[at], row["moments"]
        yield ColumnCounts(
            grid=grid,
            **{name: row[name] for name in _PLAIN},
            infinite=tuple(row["infinite"]),
            counts=counts[at].astype(np.int64),
            hashed=hashed[at],
            moments=Moments(int(rows), *moments),
            outer=tuple(row["outer"]),
            others=HeavyHitters(dict(zip(row["others"], row["held"], strict=True)), row["error"]),
            registers=np.frombuffer(row["registers"], dtype=np.uint8),
            types=frozenset(row["types"]),
        )


def _numbers(column: pa.LargeListArray) -> list[np.ndarray[Any, Any]]:
    flat = column.values.to_numpy()
    return [flat[first:last] for first, last in pairwise(column.offsets.to_numpy())]
