"""Rows as a few columns of zeros and ones: each feature's value falls into one of the bins of the hold-out.

Numbers fall between quantiles, or beyond all that the hold-out has, words and times-of-few-values into their most
frequent ones, and missing values into a bin of their own, so that small linear models can follow curves, unseen values
and nulls alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duetmind_adaptive.drift.kinds import family, plain, to_float

Codes = NDArray[np.int8]
Floats = NDArray[np.float64]

#: bins of a number, and words that have one of their own
BINS, WORDS = 5, 6
#: codes of what is missing, and one more than there can be: numbers use 1 … BINS + 2, words 1 … WORDS + 1 (all others)
MISSING, CODES = 0, WORDS + 2


@dataclass(frozen=True, slots=True, eq=False)
class Binning:
    """How the columns of the hold-out are cut."""

    names: tuple[str, ...]
    #: edges of a number's bins, or a column's words
    cuts: tuple[Floats | pa.Array, ...]

    def only(self, places: Sequence[int]) -> Binning:
        """Some of the columns."""
        return Binning(tuple(self.names[at] for at in places), tuple(self.cuts[at] for at in places))

    def codes(self, table: pa.Table) -> Codes:
        """The bin of each row in each column, shape (n, columns); what the table lacks is missing."""
        there = set(table.column_names)
        columns = [
            _code(table[name], cut) if name in there else np.zeros(table.num_rows, np.int8)
            for name, cut in zip(self.names, self.cuts, strict=True)
        ]
        return np.column_stack(columns) if columns else np.zeros((table.num_rows, 0), np.int8)


def fit_binning(table: pa.Table) -> Binning:
    """Cut every column of the hold-out; what is nested cannot be cut and is left out.

    Examples
    --------
    >>> table = pa.table({"x": [1.0, 2.0, 3.0, 4.0, 5.0, None], "job": ["a", "b", "a", "c", "a", None]})
    >>> fit_binning(table).codes(table).T
    array([[2, 3, 4, 5, 6, 0],
           [1, 2, 1, 3, 1, 0]], dtype=int8)
    """
    cuts = {name: _cut(table[name]) for name in table.column_names}
    known = {name: cut for name, cut in cuts.items() if cut is not None}
    return Binning(tuple(known), tuple(known.values()))


def _cut(column: pa.ChunkedArray) -> Floats | pa.Array | None:
    held = family(column.type)
    if held in {"number", "boolean", "datetime"}:
        values = to_float(plain(column).drop_null())
        values = values[np.isfinite(values)]
        if not values.size:
            return None
        inner = np.quantile(values, np.arange(1, BINS) / BINS)
        return np.unique([np.nextafter(values.min(), -np.inf), *inner, values.max()])
    if held != "string":
        return None
    counts = plain(column).drop_null().value_counts()
    most = np.argsort(-counts.field("counts").to_numpy(), kind="stable")[:WORDS]
    return counts.field("values").take(pa.array(most)) if most.size else None


def _code(column: pa.ChunkedArray, cut: Floats | pa.Array) -> Codes:
    codes = np.zeros(len(column), np.int8)
    column, wordy = plain(column), isinstance(cut, pa.Array)
    if (family(column.type) == "string") != wordy or family(column.type) in {"opaque", "empty"}:
        return codes  # of another type than in the hold-out: nothing that these bins know
    known = column.is_valid().to_numpy()
    if isinstance(cut, pa.Array):
        options = pc.SetLookupOptions(cast("pa.Array", cut).cast(column.type))
        places = pc.call_function("index_in", [column], options).to_numpy()
        codes[known] = np.nan_to_num(places[known].astype(np.float64), nan=WORDS).astype(np.int8) + 1
        return codes
    values = to_float(column.drop_null())
    codes[known] = np.where(np.isnan(values), MISSING, np.searchsorted(cut, values, side="left") + 1)
    return codes


def one_hot(codes: Codes) -> Floats:
    """A column of zeros and ones for each bin of each column but its first, and one of ones, shape (n, p)."""
    bins = np.arange(1, CODES, dtype=np.int8)
    hot = (codes[:, :, None] == bins).reshape(len(codes), -1)
    return np.column_stack([np.ones(len(codes)), hot.astype(np.float64)])


def shifts(before: Codes, after: Codes) -> Floats:
    """Total variation distance of each column's bins, shape (columns,)."""
    return np.array(
        [np.abs(_shares(before[:, place]) - _shares(after[:, place])).sum() / 2 for place in range(before.shape[1])]
    )


def _shares(codes: Codes) -> Floats:
    return np.bincount(codes, minlength=CODES)[:CODES] / max(codes.size, 1)
