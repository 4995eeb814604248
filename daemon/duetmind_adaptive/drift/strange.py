"""How strange each text is to a reference: how rare its words, and its runs of letters, are there.

A text's strangeness is the mean over its words of ``-log share``, where the share is that of the word's cell among
the words drawn from the reference (`drift.text`), one added to every cell: the cross-entropy of the text under a
unigram model. New words, another language, other letters or a wrong encoding raise it in the very rows that hold them,
and one number for each text can be followed over windows, which hundreds of counts cannot. A text of the reference is
judged without the draw that came from itself, so that new texts of the same kind are as strange as it is. The same
texts again are less strange, so only what becomes stranger is a change.

References
----------
C. E. Shannon, "A mathematical theory of communication", Bell System Technical Journal 27 (1948), 379-423.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.text import CELLS, TextCounts, cells_of, drawn_runs, drawn_words
from duetmind_adaptive.drift.text_hashes import (
    RUN,
    Hashes,
    Places,
    Texts,
    batches,
    find_words,
    hashes,
    run_hashes,
)

Floats = NDArray[np.float64]

#: a word is told when it makes up this many times, and this much, more of the words than its cell in the reference
TELLING_TIMES, TELLING_SHARE = 3.0, 0.002
#: words told, and characters of each
TOLD, LETTERS = 3, 20


class Strange(NamedTuple):
    """Of each text, shape (n,); NaN where it has no words, or fewer letters than a run."""

    words: Floats
    ngrams: Floats


def strangeness(texts: pa.ChunkedArray, reference: TextCounts, *, own: bool = False) -> Strange:
    """How strange each text is, in nats.

    Parameters
    ----------
    texts
        None of them null.
    reference
        What was drawn from the reference.
    own
        Whether the texts are the reference's own.

    Examples
    --------
    >>> from duetmind_adaptive.drift.text import count_text
    >>> known = count_text(pa.chunked_array([["red wine", "dry wine", "old red wine"] * 50]))
    >>> strangeness(pa.chunked_array([["red wine", "new shoes", ""]]), known).words.round(1)
    array([2.6, 6.5, nan])
    """
    parts = [_of_batch(batch, reference, own) for batch in batches(texts)]
    return Strange(*(np.concatenate([part[at] for part in parts] or [np.empty(0)]) for at in (0, 1)))


def _of_batch(texts: Texts, reference: TextCounts, own: bool) -> Strange:
    lots = hashes(*texts) if own else None
    return Strange(_words(texts, reference.words, lots), _runs(texts, reference.ngrams, lots))


def _words(texts: Texts, counts: NDArray[np.int64], lots: Hashes | None) -> Floats:
    words = find_words(texts)
    cells = cells_of(hashes(texts.held, words.starts, words.ends))
    drawn = None if lots is None else np.repeat(cells[drawn_words(words, lots)], words.held[words.held > 0])
    return _mean(_costs(cells, counts, drawn), words.first, words.held)


def _runs(texts: Texts, counts: NDArray[np.int64], lots: Hashes | None) -> Floats:
    cells = cells_of(run_hashes(texts.held))
    held = np.maximum(texts.ends - texts.starts - RUN + 1, 0)
    first = np.minimum(texts.starts, max(cells.size - 1, 0))
    drawn = None
    if lots is not None:
        long = held > 0
        chosen = np.zeros(held.size, np.intp)
        chosen[long] = cells[drawn_runs(texts, lots)[long[texts.ends > texts.starts]]]
        drawn = np.full(cells.size, -1)
        inside = _inside(texts.starts[long], held[long])
        drawn[inside] = np.repeat(chosen[long], held[long])
    return _mean(_costs(cells, counts, drawn), first, held)


def _inside(starts: Places, lengths: Places) -> Places:
    """All places of the stretches, one after the other."""
    begun = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) - np.repeat(begun - starts, lengths)


def _costs(cells: NDArray[np.intp], counts: NDArray[np.int64], drawn: NDArray[np.intp] | None) -> Floats:
    """``-log share`` of each cell; where it is the one `drawn` from the same text, of the reference without it."""
    total = int(counts.sum()) + CELLS
    costs = np.log(total) - np.log(counts + 1.0)
    if drawn is None:
        return costs[cells]
    without = np.log(total - 1.0) - np.log(np.maximum(counts, 1.0))
    others = np.log(total - 1.0) - np.log(counts + 1.0)
    return np.where(drawn == cells, without[cells], others[cells])


def _mean(costs: Floats, first: Places, count: Places) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(costs)])
    some = count > 0
    means = np.full(count.size, np.nan)
    means[some] = (sums[first[some] + count[some]] - sums[first[some]]) / count[some]
    return means


def telling_words(texts: pa.ChunkedArray, reference: NDArray[np.int64]) -> tuple[str, ...]:
    """The words that came, or came far more often, with these texts; those that explain most of it first.

    A word's cell holds other words beside it, so that a word that makes up more of the texts than its whole cell did
    of the reference has surely become more frequent.

    Examples
    --------
    >>> from duetmind_adaptive.drift.text import count_text
    >>> known = count_text(pa.chunked_array([[f"red wine {row}" for row in range(200)]]))
    >>> telling_words(pa.chunked_array([[f"red shoes {row}" for row in range(200)]]), known.words)
    ('shoes',)
    """
    seen, spelled = Counter[int](), dict[int, str]()
    for batch in batches(texts):
        words = find_words(batch)
        different, places, counts = np.unique(
            hashes(batch.held, words.starts, words.ends), return_index=True, return_counts=True
        )
        often = counts >= TELLING_SHARE * counts.sum()
        for key, place, count in zip(different[often].tolist(), places[often].tolist(), counts[often], strict=True):
            seen[key] += int(count)
            letters = batch.held[words.starts[place] : words.ends[place]].tobytes()
            spelled.setdefault(key, letters.decode("utf-8", "replace"))
    return tuple(spelled[key][:LETTERS] for key in _telling(seen, reference))


def _telling(seen: Counter[int], reference: NDArray[np.int64]) -> list[int]:
    keys = np.array(list(seen), np.uint64)
    shares = np.array(list(seen.values())) / max(seen.total(), 1)
    most = (reference + 2 * np.sqrt(reference) + 2) / max(int(reference.sum()), 1)  # about what a cell may have held
    usual = most[cells_of(keys)]
    gains = np.where((shares >= TELLING_TIMES * usual) & (shares >= TELLING_SHARE), shares * np.log(shares / usual), 0)
    order = np.argsort(-gains, kind="stable")[:TOLD]
    return [int(keys[at]) for at in order if gains[at] > 0]
