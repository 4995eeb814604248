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
from numpy.typing import NDArray

from duetmind_adaptive.drift.text_hashes import (
    RUN,
    Hashes,
    Places,
    Texts,
    Words,
    batches,
    buffers,
    evenly,
    find_words,
    hashes,
)

#: cells that words, runs of letters and folded categories are counted in
CELLS = 512
#: texts looked at in a column, evenly spaced
TEXTS = 50_000
#: categories hashed at a time, so that memory stays bounded
AT_ONCE = 65_536


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
    words, ngrams = np.zeros(CELLS, np.int64), np.zeros(CELLS, np.int64)
    for batch in batches(evenly(texts, TEXTS)):
        lots, found = hashes(*batch), find_words(batch)
        at = drawn_words(found, lots)
        words += _counted(hashes(batch.held, found.starts[at], found.ends[at]))
        starts = drawn_runs(batch, lots)
        ends = batch.ends[batch.ends > batch.starts]
        ngrams += _counted(hashes(batch.held, starts, np.minimum(starts + RUN, ends)))
    return TextCounts(words, ngrams)


def hashed_counts(names: pa.Array, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of categories, counted in the cell of their name's hash.

    Examples
    --------
    >>> hashed_counts(pa.array(["a", "b", "a"], pa.large_string()), np.array([3, 4, 5])).max()
    np.int64(8)
    """
    cells = np.zeros(CELLS)
    for first in range(0, len(names), AT_ONCE):
        places = cells_of(hashes(*buffers(names.slice(first, AT_ONCE))))
        cells += np.bincount(places, weights=counts[first : first + AT_ONCE], minlength=CELLS)
    return cells.astype(np.int64)


def cells_of(values: Hashes) -> NDArray[np.intp]:
    """The cell that each hash is counted in."""
    return (values % np.uint64(CELLS)).astype(np.intp)


def drawn_words(words: Words, lots: Hashes) -> Places:
    """The place among all words of the one that is drawn from each text that has any."""
    some = words.held > 0
    return words.first[some] + (lots[some] % words.held[some].astype(np.uint64)).astype(np.int64)


def drawn_runs(texts: Texts, lots: Hashes) -> Places:
    """Where the run drawn from each text that is not empty begins; texts shorter than a run are drawn whole."""
    some = texts.ends > texts.starts
    starts, ends = texts.starts[some], texts.ends[some]
    places = np.maximum(ends - starts - RUN + 1, 1).astype(np.uint64)
    return starts + ((lots[some] >> np.uint64(20)) % places).astype(np.int64)


def _counted(drawn: Hashes) -> NDArray[np.int64]:
    return np.bincount(cells_of(drawn), minlength=CELLS).astype(np.int64)
