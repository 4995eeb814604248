"""Texts taken apart without a Python object for any of them: their bytes, words and runs of letters, each as a hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duetmind_adaptive.drift.arrays import place_array

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Bytes = NDArray[np.uint8]

#: bytes of UTF-8 in a run of letters
RUN = 3
#: characters of a text that are looked at
CHARACTERS = 1_000
#: bytes of text in work at a time: each takes some forty bytes more while it is hashed
BYTES_AT_ONCE = 1 << 21
#: a byte's weight in a hash follows from its place by powers of an odd number, modulo 2^64
_BASE = 0x9E3779B97F4A7C15
_RUN_WEIGHTS = [np.uint64(pow(_BASE, at + 1, 1 << 64)) for at in range(RUN)]
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_WHITE = np.array([9, 10, 11, 12, 13, 32], dtype=np.uint8)


class Texts(NamedTuple):
    """Bytes of UTF-8, and where each text starts and ends in them."""

    held: Bytes
    starts: Places
    ends: Places


class Words(NamedTuple):
    """Where each word starts and ends; of each text its first word's place among all, and how many words it holds."""

    starts: Places
    ends: Places
    first: Places
    held: Places


def evenly(texts: pa.ChunkedArray, most: int) -> pa.ChunkedArray:
    """At most so many of them, evenly spaced."""
    if len(texts) <= most:
        return texts
    return texts.take(place_array(np.linspace(0, len(texts) - 1, most).astype(np.int64)))


def batches(texts: pa.ChunkedArray) -> Iterator[Texts]:
    """The texts, `CHARACTERS` of each, a few at a time; none may be null.

    >>> [batch.starts.size for batch in batches(pa.chunked_array([["a", "bc"]]))]
    [2]
    """
    short = pc.call_function("utf8_slice_codeunits", [texts], pc.SliceOptions(0, CHARACTERS))
    strings = short.cast(pa.large_string()).combine_chunks()
    edges = _offsets(strings)
    first = 0
    while first < len(strings):
        last = int(np.searchsorted(edges, edges[first] + BYTES_AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), len(strings))
        yield buffers(strings.slice(first, last - first))
        first = last


def _offsets(strings: pa.Array) -> Places:
    offsets = np.frombuffer(strings.buffers()[1], np.int64)
    return offsets[strings.offset : strings.offset + len(strings) + 1]


def buffers(strings: pa.Array) -> Texts:
    """All bytes of large strings without nulls, and where each starts and ends in them."""
    data, edges = strings.buffers()[2], _offsets(strings)
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return Texts(held[edges[0] : edges[-1]], edges[:-1] - edges[0], edges[1:] - edges[0])


def hashes(held: Bytes, starts: Places, ends: Places) -> Hashes:
    """One hash for each stretch of bytes; stretches need not touch, and may be empty."""
    lengths = ends - starts
    found = np.zeros(starts.size, np.uint64)
    some = lengths > 0
    if some.any():
        lengths = lengths[some]
        first = np.cumsum(lengths) - lengths
        within = np.arange(lengths.sum()) - np.repeat(first, lengths)
        letters = held[np.repeat(starts[some], lengths) + within].astype(np.uint64) + np.uint64(1)
        powers = np.cumprod(np.full(int(lengths.max()), np.uint64(_BASE)))
        found[some] = np.add.reduceat(letters * powers[within], first)
    return _mixed(found + (ends - starts).astype(np.uint64))


def run_hashes(held: Bytes) -> Hashes:
    """The hash of the run of letters that begins at each byte, as `hashes` gives it; the last two begin none.

    >>> held = np.frombuffer(b"abcd", np.uint8)
    >>> bool((run_hashes(held) == hashes(held, np.array([0, 1]), np.array([3, 4]))).all())
    True
    """
    if held.size < RUN:
        return np.empty(0, np.uint64)
    letters, found = held.astype(np.uint64) + np.uint64(1), np.full(held.size - RUN + 1, np.uint64(RUN))
    for at, weight in enumerate(_RUN_WEIGHTS):
        found += letters[at : found.size + at] * weight
    return _mixed(found)


def _mixed(values: Hashes) -> Hashes:
    """Spread every bit over all of them (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def find_words(texts: Texts) -> Words:
    """Stretches without white space."""
    held, starts, ends = texts
    letter = ~np.isin(held, _WHITE)
    opens = np.zeros(held.size, np.bool_)
    opens[starts[starts < ends]] = True
    begins = letter & (opens | np.append(True, ~letter[:-1])[: held.size])
    closes = np.append(opens[1:], True)[: held.size]
    stops = letter & (closes | np.append(~letter[1:], True)[: held.size])
    firsts, lasts = np.flatnonzero(begins), np.flatnonzero(stops) + 1
    before = np.searchsorted(firsts, starts)
    return Words(firsts, lasts, before, np.searchsorted(firsts, ends) - before)
