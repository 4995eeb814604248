"""What is kept of one column: enough to test it, little enough to store, the same for a reference and for a window.

Numbers, times and text lengths are kept sorted, exact up to `Limits.values` and as an evenly spaced quantile subsample
above (whose empirical distribution is within 1 / `Limits.values` of the full one); categories as counts, the rarest
folded into `other` beyond `Limits.categories`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.mojibake import garbled
from duetmind_adaptive.records import Kind

#: garbled texts kept as examples
GARBLED_KEPT = 5

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a column is kept."""

    #: sorted values kept exactly; more are thinned to this many quantiles, the extremes included
    values: int = 200_000
    #: most frequent categories kept by name
    categories: int = 1_000


def _no_values() -> Floats:
    return np.empty(0)


def _no_counts() -> Counts:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnProfile:
    """The summary of one column; `values` or `categories` are filled, according to `kind`."""

    name: str
    kind: Kind
    #: the Arrow type as Arrow writes it
    type: str
    family: kinds.Family
    rows: int
    #: nulls and NaN
    missing: int = 0
    infinite: int = 0
    #: different values among those present
    distinct: int = 0
    #: most rows in a row, as they came, that held one and the same value
    longest_run: int = 0
    #: finite values, text lengths or seconds: ascending, at most `Limits.values`
    values: Floats = field(default_factory=_no_values)
    #: most frequent first, aligned with `counts`
    categories: tuple[str, ...] = ()
    counts: Counts = field(default_factory=_no_counts)
    #: rows of categories that are not kept by name
    other: int = 0
    #: rows whose text bears marks of a wrong decoding; None where that was not looked at
    garbled: int | None = None
    #: some of those texts
    garbled_examples: tuple[str, ...] = ()
    #: why nothing could be kept; None when something was
    untested: str | None = None

    @property
    def missing_share(self) -> float:
        """Share of rows without a value; 0 for no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing


def longest_run(values: NDArray[np.generic]) -> int:
    """Length of the longest stretch of equal neighbours.

    Examples
    --------
    >>> longest_run(np.array([1, 1, 2, 2, 2, 1])), longest_run(np.array([]))
    (3, 0)
    """
    if not values.size:
        return 0
    borders = np.flatnonzero(values[1:] != values[:-1]) + 1
    return int(np.diff(np.concatenate([[0], borders, [values.size]])).max())


def thin(ascending: Floats, limit: int) -> Floats:
    """At most `limit` of the values, evenly spaced in rank, both ends kept.

    Examples
    --------
    >>> thin(np.arange(9.0), 3)
    array([0., 4., 8.])
    """
    if ascending.size <= limit:
        return ascending
    return ascending[np.linspace(0, ascending.size - 1, limit).round().astype(np.int64)]


def summarise(
    name: str, column: pa.ChunkedArray, *, kind: Kind | None = None, limits: Limits | None = None
) -> ColumnProfile:
    """Summarise one column.

    Parameters
    ----------
    name
        The column's.
    column
        Its values; NaN counts as missing.
    kind
        How to compare it, as the reference has it; None decides from type and distinct values.
    limits
        How much to keep.

    Examples
    --------
    >>> profile = summarise("x", pa.chunked_array([[3.0, None, 1.0, float("inf")]]))
    >>> profile.kind, profile.missing, profile.infinite, profile.values
    ('numeric', 1, 1, array([1., 3.]))
    """
    limits = limits or Limits()
    held = kinds.family(column.type)
    start = ColumnProfile(
        name=name, kind=kind or kinds.kind_of(held, 0, 0), type=str(column.type), family=held, rows=len(column)
    )
    if held == "opaque":
        return replace(start, untested=f"values of type {column.type} cannot be compared", missing=column.null_count)
    if held == "empty":
        return replace(start, missing=len(column))
    present = kinds.plain(column).drop_null()
    if held == "string" or (held == "boolean" and kind != "numeric"):
        return _summarise_words(start, present, kind, limits)
    numbers = _summarise_numbers(start, present, limits)
    return _numbers_as_booleans(numbers) if kind == "boolean" else numbers


def _summarise_numbers(start: ColumnProfile, present: pa.ChunkedArray, limits: Limits) -> ColumnProfile:
    numbers = kinds.to_float(present)
    unknown = np.isnan(numbers)
    if unknown.any():
        numbers = numbers[~unknown]
    ascending = np.sort(numbers)
    first, last = np.searchsorted(ascending, [-np.inf, np.inf], side="right")[0], np.searchsorted(ascending, np.inf)
    return replace(
        start,
        missing=start.rows - numbers.size,
        infinite=int(first + ascending.size - last),
        distinct=int(np.count_nonzero(ascending[1:] != ascending[:-1])) + int(ascending.size > 0),
        longest_run=longest_run(numbers),
        values=thin(ascending[first:last], limits.values),
    )


def _numbers_as_booleans(profile: ColumnProfile) -> ColumnProfile:
    """Read a column of 0 and 1 as the booleans that the reference holds."""
    if profile.infinite or not np.isin(profile.values, (0.0, 1.0)).all():
        return replace(profile, untested="its numbers are not 0 or 1")
    counts = np.array([np.count_nonzero(profile.values == value) for value in (0.0, 1.0)])
    held = np.flatnonzero(counts)
    words = ("false", "true")
    return replace(profile, values=_no_values(), categories=tuple(words[at] for at in held), counts=counts[held])


def _summarise_words(
    start: ColumnProfile, present: pa.ChunkedArray, kind: Kind | None, limits: Limits
) -> ColumnProfile:
    words = present.cast(pa.large_string())
    encoded = words.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(encoded.dictionary))
    marked = np.flatnonzero(garbled(encoded.dictionary).to_numpy(zero_copy_only=False))
    known = replace(
        start,
        kind=kind or kinds.kind_of(start.family, counts.size, codes.size),
        missing=start.rows - codes.size,
        distinct=counts.size,
        longest_run=longest_run(codes),
        garbled=int(counts[marked].sum()),
        garbled_examples=tuple(encoded.dictionary.take(pa.array(marked[:GARBLED_KEPT])).to_pylist()),
    )
    if known.kind == "text":
        return replace(known, values=thin(np.sort(kinds.to_float(words)), limits.values))
    kept = np.argsort(-counts, kind="stable")[: limits.categories]
    return replace(
        known,
        categories=tuple(encoded.dictionary.take(pa.array(kept)).to_pylist()),
        counts=counts[kept].astype(np.int64),
        other=int(codes.size - counts[kept].sum()),
    )
