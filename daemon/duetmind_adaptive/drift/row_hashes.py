"""Each row of a table as one 64-bit number, so that copies can be found, and how much a table repeats itself.

Equal rows have equal hashes, whatever the width of their numbers; different rows collide with probability 2⁻⁶⁴. A row
with more holes than values is nobody's copy: its hash is `EMPTY`. Hashes are not secret: who wants to forge a copy can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.arrays import present_in, values_of

Hashes = NDArray[np.uint64]

#: rows in a stretch; copied batches keep their order, so stretches tell copies where single rows are alike by nature
STRETCH = 16
#: stands for a row that is mostly empty, and for a stretch that holds one
EMPTY = np.uint64(0)
#: texts hashed at once, to bound the memory
TEXTS_AT_ONCE = 1 << 15

#: odd constants of SplitMix64 (Steele, Lea, Flood 2014) and of a polynomial in the byte's place
_GOLDEN, _MIX, _PLACE = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0xD6E8FEB86659FD93))
_HALF, _ONE = np.uint64(32), np.uint64(1)


class Repeats(NamedTuple):
    """Shares of the rows, and of the stretches of rows, that are copies of an earlier one."""

    rows: float
    stretches: float


def _mixed(values: Hashes) -> Hashes:
    """Spread every bit over all bits."""
    values = values * _GOLDEN
    values ^= values >> _HALF
    values *= _MIX
    values ^= values >> _HALF
    return values


_BYTES = _mixed(np.arange(1, 257, dtype=np.uint64))


def text_hashes(words: pa.LargeStringArray) -> Hashes:
    """One number for each text, none of them missing; equal for equal texts, its bits not yet spread."""
    parts = [_few_texts(words.slice(at, TEXTS_AT_ONCE)) for at in range(0, len(words), TEXTS_AT_ONCE)]
    return np.concatenate([np.empty(0, dtype=np.uint64), *parts])


def _few_texts(words: pa.LargeStringArray) -> Hashes:
    """Sum of ``byte hash × constant ^ place`` over the bytes of each text, modulo 2⁶⁴."""
    _, offsets, content = words.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[words.offset : words.offset + len(words) + 1]
    lengths = np.diff(ends)
    if content is None or not lengths.sum():
        return lengths.astype(np.uint64)
    read = np.frombuffer(content, dtype=np.uint8)[ends[0] : ends[-1]]
    powers = np.multiply.accumulate(np.full(int(lengths.max()), _PLACE))
    places = np.arange(read.size) - np.repeat(ends[:-1] - ends[0], lengths)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(_BYTES[read] * powers[places])])
    return sums[ends[1:] - ends[0]] - sums[ends[:-1] - ends[0]] + lengths.astype(np.uint64)


def _column(column: pa.ChunkedArray) -> Hashes | None:
    """One number for each value, `EMPTY` where there is none; None for a column that cannot be compared."""
    held = kinds.family(column.type)
    if held in {"opaque", "empty"}:
        return None
    whole = kinds.plain(column)
    present = whole.drop_null() if whole.null_count else whole
    hashed = _hashed_texts(present) if held == "string" else _hashed_numbers(present)
    if not whole.null_count:
        return hashed
    hashes = np.full(len(whole), EMPTY)
    hashes[present_in(whole)] = hashed
    return hashes


def _hashed_texts(texts: pa.ChunkedArray) -> Hashes:
    encoded = texts.cast(pa.large_string()).combine_chunks().dictionary_encode()
    return (_mixed(text_hashes(encoded.dictionary)) | _ONE)[values_of(encoded.indices)]


def _hashed_numbers(values: pa.ChunkedArray) -> Hashes:
    numbers = kinds.to_float(values) + 0.0  # both zeros become one
    hashes = _mixed(numbers.view(np.uint64)) | _ONE
    unknown = np.isnan(numbers)
    if unknown.any():
        hashes[unknown] = EMPTY
    return hashes


def row_hashes(table: pa.Table, columns: Sequence[str], *, holes_differ: bool = True) -> Hashes:
    """One number for each row.

    Parameters
    ----------
    table
        The rows.
    columns
        What makes two rows equal; those that cannot be compared, or are not there once, do not count.
    holes_differ
        Whether a row with more holes than values is `EMPTY`; else a hole is a value like any other.

    Examples
    --------
    >>> hashes = row_hashes(pa.table({"x": [1, 2, 1, None], "c": ["a", "a", "a", None]}), ["x", "c"])
    >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1]), bool(hashes[3] == EMPTY)
    (True, False, True)
    """
    names = table.column_names
    once = [name for name in columns if names.count(name) == 1]
    total, holes, counted = np.zeros(table.num_rows, dtype=np.uint64), np.zeros(table.num_rows, dtype=np.int32), 0
    for name in once:
        hashes = _column(table.column(name))
        if hashes is not None:
            counted += 1
            holes += hashes == EMPTY
            total = _mixed(total + hashes)
    return np.where(2 * holes > counted, EMPTY, total | _ONE) if holes_differ else total | _ONE


def stretches(rows: Hashes) -> Hashes:
    """One number for every `STRETCH` neighbouring rows, in their order; none for fewer rows.

    Examples
    --------
    >>> stretches(np.arange(20, dtype=np.uint64)).size
    5
    """
    if rows.size < STRETCH:
        return rows[:0]
    count = rows.size - STRETCH + 1
    total = np.zeros(count, dtype=np.uint64)
    for at in range(STRETCH):
        total *= _PLACE
        total += rows[at : at + count]
    holes = np.concatenate([[0], np.cumsum(rows == EMPTY)])
    return np.where(holes[STRETCH:] > holes[:-STRETCH], EMPTY, total | _ONE)


def copies(hashes: Hashes) -> NDArray[np.intp]:
    """Places of what was there before; what is empty does not count.

    Examples
    --------
    >>> copies(np.array([7, 8, 7, 7], dtype=np.uint64))
    array([2, 3])
    """
    order = np.argsort(hashes, kind="stable")
    ascending = hashes[order]
    return np.sort(order[1:][(ascending[1:] == ascending[:-1]) & (ascending[1:] != EMPTY)])


def held_by(hashes: Hashes, others: Hashes) -> NDArray[np.intp]:
    """Places of what is among others too; what is empty does not count.

    Examples
    --------
    >>> held_by(np.array([7, 0, 9], dtype=np.uint64), np.array([0, 9], dtype=np.uint64))
    array([2])
    """
    return np.flatnonzero(np.isin(hashes, others) & (hashes != EMPTY))


def repeats(rows: Hashes) -> Repeats:
    """How much of a table is a copy of what came before.

    Examples
    --------
    >>> repeats(np.array([1, 2, 1, 2], dtype=np.uint64))
    Repeats(rows=0.5, stretches=0.0)
    """
    runs = stretches(rows)
    return Repeats(*(copies(each).size / max(each.size, 1) for each in (rows, runs)))
