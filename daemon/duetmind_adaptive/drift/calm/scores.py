"""What is followed of each column: a few scores per row whose means tell a change of location, spread, shape or share.

| kind | scores of a value | weight |
| --- | --- | --- |
| numeric, datetime, text (length) | location: normal score u of its rank in the reference | 0.5 |
| | spread: ``(u² - 1) / √2`` | 0.16 |
| | skew, peak: Legendre polynomials of the rank, degrees 3 and 4 | 0.08, 0.08 |
| | atom: whether it is the most frequent value (all of it, where there is no other) | 0.08 |
| categorical, boolean | whether it is that category, for each frequent one; whether it is any other | 0.9 in all |
| datetime, text | what `beside` adds: these share 0.36, and the five above the rest | |
| any | whether it is missing | 0.1 |

Times that go with those of their rows stand for how far they lie from them (`drift.moments`).

Ranks make them robust: heavy tails and any monotone change of scale are the same to them (van der Waerden 1952; the
polynomials are the components of Neyman's smooth test, 1937). All scores are standardised by their mean and standard
deviation in the reference, so that a mean is a shift in standard deviations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import ndtri

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.calm import beside
from duetmind_adaptive.drift.calm.beside import BESIDE_WEIGHT
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.moments import as_floats

Floats = NDArray[np.float64]

#: weight of each score of a number, in the order of `_of_numbers`
NUMBER_WEIGHTS = (0.5, 0.16, 0.08, 0.08, 0.08)
NUMBER_SCORES = ("location", "spread", "skew", "peak", "atom")
CATEGORY_WEIGHT, MISSING_WEIGHT = 0.9, 0.1
#: categories followed one by one, at most, and the smallest share of one
MOST_CATEGORIES, SMALLEST_SHARE = 20, 0.01
#: added to the variance of an indicator, so that a handful of rows of a rare category prove nothing: 3 in 1,000 rows
RARE = 0.009
MISSING = "missing"
_NO_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ColumnScores:
    """The scores of one column, ready to be taken of other rows.

    Examples
    --------
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before = pa.chunked_array([np.arange(1000.0)])
    >>> scores = ColumnScores.of(summarise("x", before))
    >>> scores.names[:2], scores.means(pa.chunked_array([np.arange(1000.0) + 100]))[0].round(2)[:2]
    (('location', 'spread'), array([0.51, 0.56]))
    """

    profile: ColumnProfile
    names: tuple[str, ...]
    weights: tuple[float, ...]
    #: in the reference, of each score before it is standardised
    centre: Floats
    scale: Floats
    #: a number's most frequent value
    atom: float = math.nan
    #: the names of those scores that `beside` gives
    beside: tuple[str, ...] = ()

    @classmethod
    def of(cls, profile: ColumnProfile) -> ColumnScores:
        """The scores that a reference column has; none when it has no values to compare."""
        if profile.untested or not profile.present:
            return cls(profile, (), (), np.empty(0), np.empty(0))
        if profile.kind in {"categorical", "boolean"}:
            return _categories(profile)
        return _numbers(profile)

    @property
    def rising(self) -> tuple[str, ...]:
        """The names of those that only a rise is a change of: texts less strange than the reference's are its own."""
        return self.beside if self.profile.kind == "text" else ()

    def rows(self, column: pa.ChunkedArray, clock: Floats | None = None) -> Floats:
        """The scores of each row, shape (n, s); 0, which is no shift, where there is nothing to score.

        Parameters
        ----------
        column
            The values.
        clock
            When each row came, in seconds since 1970, for times that go with their rows.
        """
        if not self.names:
            return np.empty((len(column), 0))
        raw = self._raw_categories(column) if self.profile.categories else self._raw_numbers(column, clock)
        missing = np.isnan(raw[:, 0])
        scores = (raw - self.centre[:-1]) / self.scale[:-1]
        scores[np.isnan(scores)] = 0.0
        scores[missing] = 0.0
        gone = (missing - self.centre[-1]) / self.scale[-1]
        return np.column_stack([scores, gone])

    def means(self, column: pa.ChunkedArray, clock: Floats | None = None) -> tuple[Floats, Floats]:
        """The mean of each score over the rows that have it, and how many rows those are; both of shape (s,)."""
        plain = not (self.profile.categories or self.beside or self.profile.lags.size)
        scores = self.rows(_ascending(column) if plain else column, clock)
        rows = np.full(scores.shape[1], float(len(column)))
        if not scores.size:
            return np.zeros(scores.shape[1]), rows
        share_present = 1 - (scores[:, -1].mean() * self.scale[-1] + self.centre[-1])
        rows[:-1] *= share_present
        return scores.sum(axis=0) / np.maximum(rows, 1.0), rows

    def _raw_numbers(self, column: pa.ChunkedArray, clock: Floats | None) -> Floats:
        """Unknown rows are NaN."""
        values = as_floats(column)
        if self.profile.lags.size:
            values = values - clock if clock is not None else np.full(values.size, np.nan)
        raw = _of_numbers(_placed(self.profile), values, self.atom)
        return np.column_stack([raw, beside.rows(self.profile, self.beside, column)]) if self.beside else raw

    def _raw_categories(self, column: pa.ChunkedArray) -> Floats:
        names = self.names[: -2 if self.names[-2] == _OTHERS else -1]
        words = kinds.category_names(column).combine_chunks()
        if self.profile.kind == "boolean" and kinds.family(column.type) == "number":
            names = [_AS_NUMBER[name] for name in names]
        places = pc.call_function("index_in", [words], pc.SetLookupOptions(pa.array(names, pa.large_string())))
        codes = np.where(np.isnan(found := places.to_numpy(zero_copy_only=False).astype(np.float64)), -1, found)
        raw = (codes[:, np.newaxis] == np.arange(len(names))).astype(np.float64)
        if self.names[-2] == _OTHERS:
            raw = np.column_stack([raw, (codes < 0).astype(np.float64)])
        raw[words.is_null().to_numpy(zero_copy_only=False)] = np.nan
        return raw


_OTHERS = "\x00others"
#: how a column of numbers writes the booleans of the reference
_AS_NUMBER = {"false": "0", "true": "1"}


def _numbers(profile: ColumnProfile) -> ColumnScores:
    values, more = _placed(profile), beside.names(profile)
    atom = _most_frequent(values)
    scores = _of_numbers(values, values, atom)
    centre, scale = scores.mean(axis=0), scores.std(axis=0)
    at_atom, scale[-1] = _share(int(np.count_nonzero(values == atom)), values.size)
    usable = (scale > _NO_SPREAD) & (np.arange(scale.size) < scale.size - 1)
    weights = np.array(NUMBER_WEIGHTS) * usable
    weights[-1] = sum(NUMBER_WEIGHTS) - weights.sum() if at_atom >= SMALLEST_SHARE else 0.0
    held = beside.of_reference(profile, more) if more else []
    centre = np.append(centre, [float(each.mean()) for each in held])
    scale = np.append(scale, [float(each.std()) for each in held])
    gone, spread = _share(profile.missing, profile.rows)
    return ColumnScores(
        profile,
        (*NUMBER_SCORES, *more, MISSING),
        (*_with_beside(weights, scale[weights.size :]), MISSING_WEIGHT),
        np.append(centre, gone),
        np.append(np.where(scale > _NO_SPREAD, scale, 1.0), spread),
        atom,
        more,
    )


def _with_beside(weights: Floats, spreads: Floats) -> list[float]:
    """The weights of a number's scores, and those of what `beside` adds, where that varies at all."""
    usable = spreads > _NO_SPREAD
    if not usable.any():
        return [*weights.tolist(), *usable.astype(float)]
    each = BESIDE_WEIGHT * sum(NUMBER_WEIGHTS) / usable.sum()
    return [*((1 - BESIDE_WEIGHT) * weights).tolist(), *(usable * each).tolist()]


def _placed(profile: ColumnProfile) -> Floats:
    """What of a column is followed as numbers."""
    return profile.lags if profile.lags.size else profile.values


def _most_frequent(ascending: Floats) -> float:
    starts = np.append(0, np.flatnonzero(np.diff(ascending)) + 1)
    return float(ascending[starts[np.diff(np.append(starts, ascending.size)).argmax()]])


def _categories(profile: ColumnProfile) -> ColumnScores:
    present = profile.present
    kept = [
        (name, int(count))
        for name, count in zip(profile.categories[:MOST_CATEGORIES], profile.counts, strict=False)
        if count >= SMALLEST_SHARE * present or count == profile.counts[0]
    ]
    others = present - sum(count for _, count in kept)
    shares = [_share(count, present) for count in (*(count for _, count in kept), others)]
    gone = _share(profile.missing, profile.rows)
    each = CATEGORY_WEIGHT / len(shares)
    return ColumnScores(
        profile,
        (*(name for name, _ in kept), _OTHERS, MISSING),
        (*[each] * len(shares), MISSING_WEIGHT),
        np.array([share for share, _ in [*shares, gone]]),
        np.array([spread for _, spread in [*shares, gone]]),
    )


def _share(count: int, rows: int) -> tuple[float, float]:
    """A share and the standard deviation of a row's indicator, never too small for rare ones."""
    share = count / rows
    return share, math.sqrt(share * (1 - share) + RARE)


def _ascending(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The numbers of a column, sorted: a mean knows no order, and sorted values find their ranks faster."""
    return pa.chunked_array([np.sort(as_floats(column))])


def _ranks(ascending: Floats, values: Floats) -> Floats:
    """Mid-ranks of values in the reference, in (0, 1); NaN for NaN."""
    low, high = np.searchsorted(ascending, values, "left"), np.searchsorted(ascending, values, "right")
    ranks = ((low + high) / 2 + 0.5) / (ascending.size + 1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def _of_numbers(ascending: Floats, values: Floats, atom: float) -> Floats:
    ranks = _ranks(ascending, values)
    normal, centred = ndtri(ranks), 2 * ranks - 1
    squared = centred**2
    skew, peak = (5 * squared - 3) * centred / 2, ((35 * squared - 30) * squared + 3) / 8
    return np.column_stack([normal, (normal**2 - 1) / math.sqrt(2), skew, peak, values == atom])
