"""Free text as counts that can be tested: which words, and which runs of three letters, its rows hold.

Rows are independent of each other, words within a row are not. So of each text one word and one run of three bytes of
its UTF-8 are drawn, by the text's own hash: equal texts give equal draws, and counts of draws are what tests of counts
ask for. Both are counted by hash in `CELLS` cells, so that a profile stays small whatever the vocabulary. Another
language, a template that changed or letters gone wrong move them even where the lengths stay the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Bytes = NDArray[np.uint8]

#: cells that words, runs of letters and folded categories are counted in
CELLS = 512
#: texts looked at in a column, evenly spaced, and characters of each
TEXTS, CHARACTERS = 50_000, 1_000
#: strings hashed at a time, so that memory stays bounded
AT_ONCE = 65_536
_RUN = 3
#: a byte's weight in a hash follows from its place by powers of an odd number, modulo 2^64
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_WHITE = np.array([9, 10, 11, 12, 13, 32], dtype=np.uint8)


class TextCounts(NamedTuple):
    """Draws counted by hash, each of shape (CELLS,)."""

    words: NDArray[np.int64]
    ngrams: NDArray[np.int64]


def count_text(texts: pa.ChunkedArray) -> TextCounts:
    """Draw from each text, or from evenly spaced ones where there are many.

    Examples
    --------
    >>> counts = count_text(pa.chunked_array([["red wine", "red wine", "", "dry"]]))
    >>> counts.words.max(), counts.words.sum(), counts.ngrams.sum()
    (np.int64(2), np.int64(3), np.int64(3))
    """
    if len(texts) > TEXTS:
        texts = texts.take(pa.array(np.linspace(0, len(texts) - 1, TEXTS).astype(np.int64)))
    short = pc.call_function("utf8_slice_codeunits", [texts], pc.SliceOptions(0, CHARACTERS))
    strings = short.cast(pa.large_string()).combine_chunks()
    draws = [_draw(strings.slice(first, AT_ONCE)) for first in range(0, len(strings), AT_ONCE)]
    return TextCounts(*(_counted([draw[at] for draw in draws]) for at in (0, 1)))


def hashed_counts(names: pa.Array, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of categories, counted in the cell of their name's hash.

    Examples
    --------
    >>> hashed_counts(pa.array(["a", "b", "a"], pa.large_string()), np.array([3, 4, 5])).max()
    np.int64(8)
    """
    cells = np.zeros(CELLS)
    for first in range(0, len(names), AT_ONCE):
        held, starts, ends = _buffers(names.slice(first, AT_ONCE))
        places = _hashes(held, starts, ends) % np.uint64(CELLS)
        cells += np.bincount(places.astype(np.intp), weights=counts[first : first + AT_ONCE], minlength=CELLS)
    return cells.astype(np.int64)


def _counted(draws: list[Hashes]) -> NDArray[np.int64]:
    together = np.concatenate(draws) if draws else np.empty(0, np.uint64)
    return np.bincount((together % np.uint64(CELLS)).astype(np.intp), minlength=CELLS).astype(np.int64)


def _buffers(strings: pa.Array) -> tuple[Bytes, Places, Places]:
    """All bytes, and where each string starts and ends in them."""
    _, offsets, data = strings.buffers()
    ends = np.frombuffer(offsets, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return held[ends[0] : ends[-1]], ends[:-1] - ends[0], ends[1:] - ends[0]


def _hashes(held: Bytes, starts: Places, ends: Places) -> Hashes:
    """One hash for each stretch of bytes; stretches need not touch, and may be empty."""
    lengths = ends - starts
    hashes = np.zeros(starts.size, np.uint64)
    some = lengths > 0
    if some.any():
        lengths = lengths[some]
        first = np.cumsum(lengths) - lengths
        within = np.arange(lengths.sum()) - np.repeat(first, lengths)
        letters = held[np.repeat(starts[some], lengths) + within].astype(np.uint64) + np.uint64(1)
        powers = np.cumprod(np.full(int(lengths.max()), _BASE, np.uint64))
        hashes[some] = np.add.reduceat(letters * powers[within], first)
    return _mixed(hashes + (ends - starts).astype(np.uint64))


def _mixed(hashes: Hashes) -> Hashes:
    """Spread every bit over all of them (the finaliser of SplitMix64)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * _MIX[0]
    hashes = (hashes ^ (hashes >> np.uint64(27))) * _MIX[1]
    return hashes ^ (hashes >> np.uint64(31))


def _draw(strings: pa.Array) -> tuple[Hashes, Hashes]:
    """Hashes of one word and of one run of letters for each text that has any."""
    held, starts, ends = _buffers(strings)
    lots = _hashes(held, starts, ends)
    return _words(held, starts, ends, lots), _runs(held, starts, ends, lots)


def _words(held: Bytes, starts: Places, ends: Places, lots: Hashes) -> Hashes:
    letter = ~np.isin(held, _WHITE)
    opens = np.zeros(held.size, np.bool_)
    opens[starts[starts < ends]] = True
    begins = letter & (opens | np.append(True, ~letter[:-1])[: held.size])
    closes = np.append(opens[1:], True)[: held.size]
    stops = letter & (closes | np.append(~letter[1:], True)[: held.size])
    firsts, lasts = np.flatnonzero(begins), np.flatnonzero(stops) + 1
    before = np.searchsorted(firsts, starts)
    words = np.searchsorted(firsts, ends) - before
    some = words > 0
    drawn = before[some] + (lots[some] % words[some].astype(np.uint64)).astype(np.intp)
    return _hashes(held, firsts[drawn], lasts[drawn])


def _runs(held: Bytes, starts: Places, ends: Places, lots: Hashes) -> Hashes:
    """Texts shorter than a run are drawn whole."""
    some = ends > starts
    starts, ends = starts[some], ends[some]
    places = np.maximum(ends - starts - _RUN + 1, 1).astype(np.uint64)
    drawn = starts + ((lots[some] >> np.uint64(20)) % places).astype(np.int64)
    return _hashes(held, drawn, np.minimum(drawn + _RUN, ends))
