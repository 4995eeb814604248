"""A mixed table as numbers, fitted on the reference: what can be ranked stands for each column.

Numbers, times and the length of free texts stand for themselves; a category column for whether it holds each of its
frequent categories, or, where none is frequent, for how many other rows of the reference hold its category; beside it,
where holes are neither rare nor the rule, whether there is a hole. A row of the reference is no other of itself: else
whoever has a category of its own would be told from all new rows by that alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.arrays import present_in, text_array, values_of
from duetmind_adaptive.records import Kind

Floats = NDArray[np.float64]

#: indicators made of one column, at most
CATEGORIES = 5
#: share of rows from which on a category is followed by itself
RARE = 0.05
#: columns of wide data, evenly spaced, that are looked at together
MOST_COLUMNS = 300


def columns_together(report: CheckReport, order: Iterable[str]) -> tuple[str, ...]:
    """The columns that could be tested by themselves, in this order; times that count on go together with nothing."""
    tested = {column.name for column in report.columns if column.untested is None and column.kind != "datetime"}
    names = [name for name in order if name in tested and name not in report.type_changes]
    if len(names) > MOST_COLUMNS:
        names = [names[at] for at in np.linspace(0, len(names) - 1, MOST_COLUMNS).astype(np.intp)]
    return tuple(names)


@dataclass(frozen=True, slots=True)
class Encoder:
    """How each column of the reference becomes numbers; `categories` are those that get an indicator."""

    kinds: Mapping[str, Kind]
    categories: Mapping[str, tuple[str, ...]]
    #: of columns without a frequent category, the rows of each
    counts: Mapping[str, Mapping[str, int]]
    holes: frozenset[str]

    @classmethod
    def fit(cls, table: pa.Table, columns: Mapping[str, Kind], rare: float) -> Encoder:
        """Choose the numbers.

        Parameters
        ----------
        table
            Rows of the reference.
        columns
            Those to encode, each with how the reference's profile compares it.
        rare
            Share below which a category or hole is too rare to be followed.
        """
        categories, counts = dict[str, tuple[str, ...]](), dict[str, Mapping[str, int]]()
        for name, kind in columns.items():
            if kind == "categorical":
                counted = _counted(table[name])
                rows = sum(counted.values())
                often = [word for word, count in counted.items() if rare * rows <= count <= (1 - rare) * rows]
                covered = sum(counted[word] for word in often) > (1 - rare) * rows
                categories[name] = tuple((often[:-1] if covered else often)[:CATEGORIES])
                if not often:
                    counts[name] = counted
        empty = {name: table[name].null_count / max(table.num_rows, 1) for name in columns}
        holes = frozenset(name for name, share in empty.items() if rare <= share <= 1 - rare)
        return cls(columns, categories, counts, holes)

    @property
    def sources(self) -> tuple[str, ...]:
        """The column that each number comes from."""
        return tuple(name for name in self.kinds for _ in self._makers(name))

    def encode(self, table: pa.Table, *, own: bool = False) -> Floats:
        """The numbers of each row, shape (n, d); NaN is missing.

        Parameters
        ----------
        table
            Any rows.
        own
            Whether they are those that the encoder was fitted on.
        """
        parts = [maker(table[name]) for name in self.kinds for maker in self._makers(name, own=own)]
        return np.column_stack(parts) if parts else np.empty((table.num_rows, 0))

    def _makers(self, name: str, *, own: bool = False) -> list[Callable[[pa.ChunkedArray], Floats]]:
        makers: list[Callable[[pa.ChunkedArray], Floats]]
        if self.kinds[name] != "categorical":
            makers = [_numbers]
        elif name in self.counts:
            makers = [_Others(self.counts[name], int(own))]
        else:
            makers = [_Indicator(word) for word in self.categories[name]]
        return [*makers, _hole] if name in self.holes else makers


@dataclass(frozen=True, slots=True)
class _Indicator:
    word: str

    def __call__(self, column: pa.ChunkedArray) -> Floats:
        return _numbers(pc.call_function("equal", [_words(column), text_array([self.word])[0]]))


@dataclass(frozen=True, slots=True)
class _Others:
    counts: Mapping[str, int]
    own: int

    def __call__(self, column: pa.ChunkedArray) -> Floats:
        encoded = _words(column).combine_chunks().dictionary_encode()
        others = np.array([float(self.counts.get(word, 0) - self.own) for word in encoded.dictionary.to_pylist()])
        numbers = np.full(len(column), np.nan)
        numbers[present_in(encoded)] = others[values_of(encoded.indices)]
        return numbers


def _words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return kinds.plain(column).cast(pa.large_string())


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    """Rows of each category, most frequent first."""
    encoded = _words(column).drop_null().combine_chunks().dictionary_encode()
    counts = np.bincount(values_of(encoded.indices), minlength=len(encoded.dictionary))
    words: list[str] = encoded.dictionary.to_pylist()
    return {words[at]: int(counts[at]) for at in np.argsort(-counts, kind="stable")}


def _numbers(column: pa.ChunkedArray) -> Floats:
    whole = kinds.plain(column)
    numbers = np.full(len(whole), np.nan)
    numbers[present_in(whole)] = kinds.to_float(whole.drop_null())
    return numbers


def _hole(column: pa.ChunkedArray) -> Floats:
    return _numbers(column.is_null())
