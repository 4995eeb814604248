"""What is followed of times and of texts beside their place: the clock and the calendar, and how strange words are.

| kind | scores of a value |
| --- | --- |
| datetime | sine and cosine of the hour of the day, once and twice round, and of the day of the week |
| text | normal score of how strange its words are to the reference, and its runs of letters (`drift.strange`) |

Waves round the clock are the components of Rao's and Watson's tests of directions: they know that 23 h is near 0 h.

References
----------
K. V. Mardia, P. E. Jupp, "Directional Statistics", Wiley (2000), chapter 6.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.arrays import present_in
from duetmind_adaptive.drift.cells import DAY, HOURS_SPAN, WEEKDAYS_SPAN, span_days
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.moments import as_floats
from duetmind_adaptive.drift.strange import strangeness
from duetmind_adaptive.drift.text import TextCounts

Floats = NDArray[np.float64]

#: share of a column's weight that goes to these scores
BESIDE_WEIGHT = 0.4
#: seconds that a wave takes
_CYCLES = {"hour": DAY, "half-day": DAY / 2, "week": 7 * DAY}
_WAVES = {"sine": np.sin, "cosine": np.cos}
_WORDS, _LETTERS = "words", "letters"


def names(profile: ColumnProfile) -> tuple[str, ...]:
    """The scores beside the place that a reference column has; none for most kinds.

    >>> from duetmind_adaptive.drift.columns import summarise
    >>> names(summarise("at", pa.chunked_array([np.arange(96) * 3600 * 1000]).cast(pa.timestamp("ms"))))
    ('hour sine', 'hour cosine', 'half-day sine', 'half-day cosine')
    """
    if profile.kind == "text" and profile.strange_words.size and profile.strange_ngrams.size:
        return (_WORDS, _LETTERS)
    if profile.kind != "datetime" or not profile.values.size:
        return ()
    days = span_days(profile.values)
    cycles = [*(["hour", "half-day"] if days >= HOURS_SPAN else []), *(["week"] if days >= WEEKDAYS_SPAN else [])]
    return tuple(f"{cycle} {wave}" for cycle in cycles for wave in _WAVES)


def of_reference(profile: ColumnProfile, wanted: tuple[str, ...]) -> list[Floats]:
    """Each score's values in the reference, before they are standardised."""
    if profile.kind == "text":
        sides = {_WORDS: profile.strange_words, _LETTERS: profile.strange_ngrams}
        return [_normal(sides[name], sides[name]) for name in wanted]
    return list(_waves(profile.values, wanted).T)


def rows(profile: ColumnProfile, wanted: tuple[str, ...], column: pa.ChunkedArray) -> Floats:
    """The scores of each row, shape (n, s); NaN where there is nothing to score."""
    if profile.kind == "datetime":
        return _waves(as_floats(column), wanted)
    scores = np.full((len(column), len(wanted)), np.nan)
    texts = kinds.plain(column)
    strange = strangeness(texts.drop_null().cast(pa.large_string()), TextCounts(profile.words, profile.ngrams))
    here = present_in(texts)
    scores[here, 0] = _normal(profile.strange_words, strange.words)
    scores[here, 1] = _normal(profile.strange_ngrams, strange.ngrams)
    return scores


def _waves(seconds: Floats, wanted: tuple[str, ...]) -> Floats:
    parts = [name.split() for name in wanted]
    return np.column_stack(
        [_WAVES[wave](2 * np.pi / _CYCLES[cycle] * (seconds % _CYCLES[cycle])) for cycle, wave in parts]
    )


def _normal(ascending: Floats, values: Floats) -> Floats:
    """Normal scores of values among those of the reference; NaN for NaN."""
    low, high = np.searchsorted(ascending, values, "left"), np.searchsorted(ascending, values, "right")
    scores = ndtri(((low + high) / 2 + 0.5) / (ascending.size + 1))
    scores[np.isnan(values)] = np.nan
    return scores
