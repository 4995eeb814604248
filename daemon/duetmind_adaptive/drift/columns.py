"""What is kept of one column: enough to test it, little enough to store, the same for a reference and for a window.

Numbers, times and text lengths are kept sorted, exact up to `Limits.values` and as an evenly spaced quantile subsample
above (whose empirical distribution is within 1 / `Limits.values` of the full one); categories as counts, the rarest
folded into `other` beyond `Limits.categories`, and then all of them by their hash as well; of texts what `text` draws,
and how `strange` they are to the reference; of times that go with the row's own how far they lie from it (`moments`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duetmind_adaptive.drift import kinds, moments
from duetmind_adaptive.drift.arrays import text_array, values_of
from duetmind_adaptive.drift.encoded import encode
from duetmind_adaptive.drift.mojibake import garbled_places
from duetmind_adaptive.drift.strange import strangeness, telling_words
from duetmind_adaptive.drift.text import TextCounts, count_text, hashed_counts
from duetmind_adaptive.drift.text_hashes import evenly
from duetmind_adaptive.records import Kind

#: values whose order is looked at ahead of all the others'
_FIRST_FEW = 64
#: garbled texts kept as examples
GARBLED_KEPT = 5
#: texts, evenly spaced, whose strangeness is looked at, and quantiles of it that are kept
STRANGE_TEXTS, STRANGE_KEPT = 20_000, 4_096

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


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True, eq=False)
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
    #: rows of all categories by the hash of their name, where some were folded into `other`
    hashed: Counts = field(default_factory=_no_counts)
    #: rows by the hash of a word, and of a run of letters, drawn from each text
    words: Counts = field(default_factory=_no_counts)
    ngrams: Counts = field(default_factory=_no_counts)
    #: seconds by which times lie after those of their rows: ascending; empty where they do not go with their rows
    lags: Floats = field(default_factory=_no_values)
    #: how strange texts are to the reference by their words, and by their runs of letters: ascending
    strange_words: Floats = field(default_factory=_no_values)
    strange_ngrams: Floats = field(default_factory=_no_values)
    #: words that are far more frequent than in the reference
    telling: tuple[str, ...] = ()
    #: whether whole numbers or times came in ascending order; numbers none twice. None where nobody looked
    ascends: bool | None = None
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

    Where two stretches of k overlap or meet, a longer one begins: doubling k, then halving the step, finds the longest
    in a few passes over bits, where a list of all stretches' ends would cost as much as sorting the values.

    Examples
    --------
    >>> longest_run(np.array([1, 1, 2, 2, 2, 1])), longest_run(np.array([]))
    (3, 0)
    """
    same = values[1:] == values[:-1]
    if not same.any():
        return min(values.size, 1)
    length = 1
    while (doubled := same[:-length] & same[length:]).any():
        same, length = doubled, 2 * length
    step = length // 2
    while step:
        longer = same[:-step] & same[step:]
        if longer.any():
            same, length = longer, length + step
        step //= 2
    return length + 1


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
    name: str,
    column: pa.ChunkedArray,
    *,
    kind: Kind | None = None,
    limits: Limits | None = None,
    like: ColumnProfile | None = None,
    clock: Floats | None = None,
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
    like
        The reference's summary: its categories are kept by name beside the most frequent ones.
    clock
        When each row came, in seconds since 1970, NaN where that is not known; None where rows have no times.

    Examples
    --------
    >>> profile = summarise("x", pa.chunked_array([[3.0, None, 1.0, float("inf")]]))
    >>> profile.kind, profile.missing, profile.infinite, profile.values
    ('numeric', 1, 1, array([1., 3.]))
    """
    limits = limits or Limits()
    held = kinds.family(column.type)
    start = ColumnProfile(
        name=name,
        kind=kind or kinds.kind_of(held, 0, 0),
        type=str(kinds.value_type(column.type)),
        family=held,
        rows=len(column),
    )
    if held == "opaque":
        return replace(start, untested=f"values of type {column.type} cannot be compared", missing=column.null_count)
    if held == "empty":
        return replace(start, missing=len(column))
    if held == "string" or (held == "boolean" and kind != "numeric"):
        return _summarise_words(start, column, kind, limits, like)
    if held == "number" and kind == "categorical":
        names = kinds.number_names(kinds.plain(column).drop_null())
        return _summarise_words(start, names, kind, limits, like)
    numbers = _summarise_numbers(start, kinds.plain(column), limits)
    if held == "datetime" and clock is not None:
        return replace(numbers, lags=_lags(column, clock, limits, like))
    return _numbers_as_booleans(numbers) if kind == "boolean" else numbers


def _summarise_numbers(start: ColumnProfile, column: pa.ChunkedArray, limits: Limits) -> ColumnProfile:
    numbers = kinds.to_float(column)
    ascending = np.sort(numbers)  # NaN last
    if ascending.size and np.isnan(ascending[-1]):
        numbers = numbers[~np.isnan(numbers)]
        ascending = ascending[: numbers.size]
    counts_on = start.kind == "datetime" or pa.types.is_integer(column.type)
    first, last = np.searchsorted(ascending, -np.inf, side="right"), np.searchsorted(ascending, np.inf)
    distinct = int(np.count_nonzero(ascending[1:] != ascending[:-1])) + int(ascending.size > 0)
    return replace(
        start,
        missing=start.rows - numbers.size,
        infinite=int(first + ascending.size - last),
        distinct=distinct,
        ascends=counts_on and (start.family == "datetime" or distinct == numbers.size) and _in_order(numbers),
        longest_run=longest_run(numbers) if distinct < numbers.size else min(distinct, 1),
        values=thin(ascending[first:last], limits.values),
    )


def _lags(column: pa.ChunkedArray, clock: Floats, limits: Limits, like: ColumnProfile | None) -> Floats:
    values = moments.as_floats(column)
    wanted = moments.follows_rows(values, clock) if like is None else like.lags.size > 0
    return thin(moments.lags(values, clock), limits.values) if wanted else _no_values()


def _in_order(values: Floats) -> bool:
    """A look at the first few spares the rest in most columns."""
    return all(bool((part[1:] >= part[:-1]).all()) for part in (values[:_FIRST_FEW], values))


def _numbers_as_booleans(profile: ColumnProfile) -> ColumnProfile:
    """Read a column of 0 and 1 as the booleans that the reference holds."""
    if profile.infinite or not np.isin(profile.values, (0.0, 1.0)).all():
        return replace(profile, untested="its numbers are not 0 or 1")
    counts = np.array([np.count_nonzero(profile.values == value) for value in (0.0, 1.0)])
    held = np.flatnonzero(counts)
    words = ("false", "true")
    return replace(profile, values=_no_values(), categories=tuple(words[at] for at in held), counts=counts[held])


def _summarise_words(
    start: ColumnProfile, column: pa.ChunkedArray, kind: Kind | None, limits: Limits, like: ColumnProfile | None
) -> ColumnProfile:
    encoded = encode(column)
    codes, counts = encoded.codes, encoded.counts
    marked = garbled_places(encoded.different)
    known = replace(
        start,
        kind=kind or kinds.kind_of(start.family, counts.size, codes.size),
        missing=start.rows - codes.size,
        distinct=counts.size,
        longest_run=longest_run(codes),
        garbled=int(counts[marked].sum()),
        garbled_examples=encoded.texts(marked[:GARBLED_KEPT]),
    )
    if known.kind == "text":
        return _summarise_texts(known, kinds.plain(column).drop_null().cast(pa.large_string()), limits, like)
    kept = np.argsort(-counts, kind="stable")[: limits.categories]
    folded = kept.size < counts.size
    if folded and like is not None and like.categories:
        named = pc.call_function("is_in", [encoded.different], pc.SetLookupOptions(text_array(like.categories)))
        kept = np.union1d(kept, np.flatnonzero(values_of(named)))
        kept = kept[np.argsort(-counts[kept], kind="stable")]
    by_hash = folded or (like is not None and like.hashed.size > 0)
    return replace(
        known,
        hashed=hashed_counts(encoded.different, counts) if by_hash else _no_counts(),
        categories=encoded.texts(kept),
        counts=counts[kept].astype(np.int64),
        other=int(codes.size - counts[kept].sum()),
    )


def _summarise_texts(
    known: ColumnProfile, texts: pa.ChunkedArray, limits: Limits, like: ColumnProfile | None
) -> ColumnProfile:
    drawn, some = count_text(texts), evenly(texts, STRANGE_TEXTS)
    other = TextCounts(like.words, like.ngrams) if like is not None and like.words.size else None
    strange = strangeness(some, other or drawn, own=other is None)
    words, ngrams = (thin(np.sort(each[~np.isnan(each)]), STRANGE_KEPT) for each in strange)
    return replace(
        known,
        values=thin(np.sort(kinds.to_float(texts)), limits.values),
        words=drawn.words,
        ngrams=drawn.ngrams,
        strange_words=words,
        strange_ngrams=ngrams,
        telling=telling_words(some, other.words) if other else (),
    )
