"""How a column of free text moved, in words: its lengths, the words it uses, its letters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.columns import ColumnProfile

Floats = NDArray[np.float64]

#: standard errors below which a difference is chance
STANDARD_ERRORS = 3.0
#: smallest change of the median length, as a share of it, that is worth a word
SMALLEST_CHANGE = 0.05
#: share of the reference's texts that are less strange than what is called strange
USUAL = 0.95


def describe_text(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Tell how texts differ; empty when there is nothing to tell.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> numbers = np.random.default_rng(1).integers(0, 9_999, (2, 500))
    >>> before = summarise("x", pa.chunked_array([[f"red wine {n}" for n in numbers[0]]]))
    >>> after = summarise("x", pa.chunked_array([[f"red shoes {n}" for n in numbers[1]]]), kind="text", like=before)
    >>> describe_text(before, after).split("; ")[:2]
    ['median length 13 → 14 characters', "'shoes' more often"]
    """
    return "; ".join(_parts(reference, current))


def _parts(reference: ColumnProfile, current: ColumnProfile) -> Iterator[str]:
    yield from _lengths(reference.values, current.values)
    if current.telling:
        yield f"{', '.join(map(repr, current.telling))} more often"
    words = _strange_share(reference.strange_words, current.strange_words)
    letters = _strange_share(reference.strange_ngrams, current.strange_ngrams)
    share, what = max((words, "words"), (letters, "runs of letters"), key=lambda each: each[0])
    if share:
        yield f"unusual {what} in {share:.0%} of the texts, {1 - USUAL:.0%} in the reference"


def _lengths(reference: Floats, current: Floats) -> Iterator[str]:
    before, after = (float(side[side.size // 2]) for side in (reference, current))
    error = float(np.std(reference)) * 1.25 * np.sqrt(1 / reference.size + 1 / current.size)
    if abs(after - before) >= max(SMALLEST_CHANGE * before, STANDARD_ERRORS * error, 1):
        yield f"median length {before:.0f} → {after:.0f} characters"


def _strange_share(reference: Floats, current: Floats) -> float:
    """Share of the texts beyond the reference's usual ones; 0 where that is chance, or not known."""
    if not reference.size or not current.size:
        return 0.0
    bound = reference[int(USUAL * (reference.size - 1))]
    usual, share = (float(np.mean(side > bound)) for side in (reference, current))
    error = np.sqrt(max(usual * (1 - usual), 1e-3) * (1 / reference.size + 1 / current.size))
    return share if share - usual >= STANDARD_ERRORS * error else 0.0
