"""How surprising each value of a column is: minus the logarithm of how rarely the reference holds one like it.

Of numbers, times and text lengths: at least as far out to its side, beyond the reference's ends by its fitted tails.
Of categories: as rare, or rarer; of one never seen, as often as the reference shows a category once (Good and Turing).
A missing value is as surprising as holes are rare.

Reference
---------
I. J. Good, "The population frequencies of species and the estimation of population parameters", Biometrika 40 (1953),
237-264.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import ndtri_exp

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.records import Kind
from duetmind_adaptive.stats.tail import Tail

Floats = NDArray[np.float64]

#: no value is more surprising: beyond this all are absurd alike
MOST = 60.0
#: fewer values show no tails
FEWEST = 10


def _no_floats() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class ColumnSurprise:
    """What one column of the reference holds."""

    kind: Kind
    #: surprise of a missing value
    missing: float
    #: of numbers and what counts as such
    upper: Tail | None = None
    lower: Tail | None = None
    #: of categories, with the surprise of each; of one never seen
    categories: tuple[str, ...] = ()
    rarity: Floats = field(default_factory=_no_floats)
    unseen: float = 0.0

    @classmethod
    def fit(cls, column: pa.ChunkedArray, kind: Kind) -> ColumnSurprise:
        """Learn from rows of the reference, compared as `kind`."""
        rows = max(len(column), 1)
        if kind in {"categorical", "boolean"}:
            return _of_categories(kind, column, rows)
        values = numbers(column)
        present = values[np.isfinite(values)]
        gone = -math.log(max(int(np.isnan(values).sum()), 0.5) / rows)
        if present.size < FEWEST:
            return cls(kind, gone)
        return cls(kind, gone, Tail.fit(present), Tail.fit(-present))

    def of(self, column: pa.ChunkedArray) -> tuple[Floats, Floats]:
        """The surprise of each row, and the same as a normal deviate with the side it lies on; both of shape (n,)."""
        if self.kind in {"categorical", "boolean"}:
            surprise = self._of_words(column)
            return surprise, np.zeros(len(column))
        values = numbers(column)
        if self.upper is None or self.lower is None:
            return np.where(np.isnan(values), self.missing, 0.0), np.zeros(values.size)
        above, below = self.upper.log_share_beyond(values), self.lower.log_share_beyond(-values)
        rarer = np.minimum(above, below)
        surprise = np.clip(-rarer - math.log(2), 0.0, MOST)
        signed = np.where(above < below, 1.0, -1.0) * -ndtri_exp(np.clip(rarer, -MOST, -math.log(2)))
        gone = np.isnan(values)
        return np.where(gone, self.missing, surprise), np.where(gone, 0.0, signed)

    def _of_words(self, column: pa.ChunkedArray) -> Floats:
        words = kinds.category_names(column)
        known_words = pc.SetLookupOptions(pa.array(self.categories, pa.large_string()))
        places = pc.call_function("index_in", [words], known_words)
        last = pa.scalar(len(self.categories), pa.int32())
        found = pc.call_function("coalesce", [places.combine_chunks(), last]).to_numpy(zero_copy_only=False)
        surprise = np.append(self.rarity, self.unseen)[found]
        return np.where(words.is_null().to_numpy(), self.missing, surprise)


def numbers(column: pa.ChunkedArray) -> Floats:
    """As float64 in their order, NaN for the missing ones; lengths of texts, seconds of times."""
    plain = kinds.plain(column)
    values = np.full(len(plain), np.nan)
    values[plain.is_valid().to_numpy()] = kinds.to_float(plain.drop_null())
    return values


def _of_categories(kind: Kind, column: pa.ChunkedArray, rows: int) -> ColumnSurprise:
    words = kinds.category_names(column)
    encoded = words.drop_null().combine_chunks().dictionary_encode()
    counts = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary)).astype(np.float64)
    order = np.argsort(counts, kind="stable")
    # all categories that are as frequent count as much
    up_to = np.cumsum(counts[order])[np.searchsorted(counts[order], counts, "right") - 1]
    once = max(float((counts == 1).sum()), 0.5)
    return ColumnSurprise(
        kind,
        missing=-math.log(max(words.null_count, 0.5) / rows),
        categories=tuple(encoded.dictionary.to_pylist()),
        rarity=-np.log(np.maximum(up_to, 1.0) / rows),
        unseen=-math.log(once / rows),
    )
