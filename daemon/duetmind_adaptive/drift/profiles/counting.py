"""Counts the rows of one column on its grid.

Numbers are sorted first: looking the few edges up among sorted values is many times faster than looking each value up
among the edges.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.profiles.column import OTHERS, ColumnCounts, nothing
from duetmind_adaptive.drift.profiles.grid import Grid
from duetmind_adaptive.drift.row_hashes import text_hashes
from duetmind_adaptive.drift.text import hashed_counts
from duetmind_adaptive.stats import hyperloglog, misra_gries
from duetmind_adaptive.stats.hyperloglog import Registers
from duetmind_adaptive.stats.misra_gries import HeavyHitters
from duetmind_adaptive.stats.moments import moments

Floats = NDArray[np.float64]

#: families between which values can be carried over
_CONVERTIBLE = {("number", "boolean"), ("boolean", "number")}
_NUMBERS_AS_WORDS = {0.0: "false", 1.0: "true"}


def count_column(grid: Grid, column: pa.ChunkedArray) -> ColumnCounts:
    """Count a column; values of another kind than the grid's are counted as unreadable.

    Parameters
    ----------
    grid
        Of the reference's column.
    column
        Values of any type; NaN counts as missing.

    Examples
    --------
    >>> from duetmind_adaptive.drift.profiles.grid import choose_grid
    >>> grid = choose_grid("c", pa.chunked_array([["a", "a", "b"]]))
    >>> counted = count_column(grid, pa.chunked_array([["b", "new", None]]))
    >>> counted.counts.tolist(), dict(counted.others.counts), counted.missing
    ([0, 1], {'new': 1}, 1)
    """
    held = kinds.family(column.type)
    start = replace(nothing(grid), rows=len(column), types=frozenset([str(column.type)]))
    if held == "empty":
        return replace(start, missing=len(column))
    readable = grid.untested is None and (held == grid.family or (held, grid.family) in _CONVERTIBLE)
    if not readable:
        return replace(start, missing=column.null_count, unreadable=len(column) - column.null_count)
    present = kinds.plain(column).drop_null() if column.null_count else kinds.plain(column)
    if not grid.in_words:
        return _count_numbers(start, present)
    if held == "number":
        return _count_flags(start, present)
    return _count_words(start, present)


def _count_numbers(start: ColumnCounts, present: pa.ChunkedArray) -> ColumnCounts:
    ascending = np.sort(kinds.to_float(present))  # NaN comes last
    known = ascending[: np.searchsorted(ascending, np.nan)]
    first, last = np.searchsorted(known, -np.inf, side="right"), np.searchsorted(known, np.inf)
    finite = known[first:last]
    up_to = np.searchsorted(finite, start.grid.edges, side="right")
    return replace(
        start,
        missing=start.rows - known.size,
        infinite=(int(first), int(known.size - last)),
        counts=np.diff(up_to, prepend=0, append=finite.size).astype(np.int64),
        outer=_outer(finite, start.grid.edges),
        moments=moments(finite),
        registers=_registers(finite),
    )


def _outer(ascending: Floats, edges: Floats) -> tuple[float, float]:
    """How far the values of the two open bins lie from their edges, summed."""
    if not edges.size:
        return 0.0, 0.0
    first, last = (
        np.searchsorted(ascending, edges[0], side="right"),
        np.searchsorted(ascending, edges[-1], side="right"),
    )
    with np.errstate(over="ignore"):  # distances beyond the largest float are infinite
        return float((edges[0] - ascending[:first]).sum()), float((ascending[last:] - edges[-1]).sum())


def _registers(ascending: Floats) -> Registers:
    if not ascending.size:
        return hyperloglog.empty()
    distinct = ascending[np.append(True, ascending[1:] != ascending[:-1])]
    distinct += 0.0  # both zeros become one
    return hyperloglog.registers(distinct.view(np.uint64))


def _count_words(start: ColumnCounts, present: pa.ChunkedArray) -> ColumnCounts:
    encoded = present.cast(pa.large_string()).combine_chunks().dictionary_encode()
    held = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
    keys = text_hashes(encoded.dictionary)
    return _with_words(replace(start, missing=start.rows - len(present)), encoded.dictionary, held, keys)


def _count_flags(start: ColumnCounts, present: pa.ChunkedArray) -> ColumnCounts:
    """Read numbers of 0 and 1 as the booleans that the reference holds."""
    numbers = kinds.to_float(present)
    numbers = numbers[~np.isnan(numbers)]
    held = {word: int(np.count_nonzero(numbers == value)) for value, word in _NUMBERS_AS_WORDS.items()}
    words = pa.array(held, pa.large_string())
    start = replace(start, missing=start.rows - numbers.size, unreadable=numbers.size - sum(held.values()))
    return _with_words(start, words, np.array(list(held.values())), text_hashes(words))


def _with_words(
    start: ColumnCounts, words: pa.LargeStringArray, held: NDArray[np.int64], keys: NDArray[np.uint64]
) -> ColumnCounts:
    """The rows of each word, by its place among the grid's categories or by its name."""
    places = pc.call_function("index_in", [words], pc.SetLookupOptions(start.grid.named))
    at = places.fill_null(-1).to_numpy()
    counts = np.zeros(len(start.grid.categories), dtype=np.int64)
    counts[at[at >= 0]] = held[at >= 0]
    beside = np.flatnonzero((at < 0) & (held > 0))
    named = dict(zip(words.take(pa.array(beside)).to_pylist(), held[beside].tolist(), strict=True))
    others = misra_gries.add(HeavyHitters({}), HeavyHitters(named), OTHERS)
    return replace(
        start,
        counts=counts,
        others=others,
        unnamed=int(held[beside].sum()) - sum(others.counts.values()),
        hashed=hashed_counts(words, held) if start.grid.is_folded else start.hashed,
        registers=hyperloglog.registers(keys[held > 0]),
    )
