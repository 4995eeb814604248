"""Texts as small numbers: each different one once, and for every row the place of its own.

A column that is dictionary-encoded already (Parquet files are, inside) is taken as it comes, which costs a tenth of
spelling its texts out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.arrays import values_of


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """The texts of a column; rows without one are left out."""

    #: large strings, in the order in which they first came
    different: pa.Array
    #: for every row with a text, its place among the different ones
    codes: NDArray[np.int32]
    #: rows of each; none is 0
    counts: NDArray[np.intp]

    def texts(self, places: NDArray[np.intp]) -> tuple[str, ...]:
        """Some of the different ones, by their places."""
        return tuple(self.different[at].as_py() for at in places.tolist())


def encode(column: pa.ChunkedArray) -> Encoded:
    """Texts, encoded or not, or booleans; nulls are left out.

    Examples
    --------
    >>> held = encode(pa.chunked_array([["b", "a"], ["b", None]]))
    >>> held.different.to_pylist(), held.codes, held.counts
    (['b', 'a'], array([0, 1, 0], dtype=int32), array([2, 1]))
    """
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.large_string())
    whole: Any = (column if pa.types.is_dictionary(column.type) else column.dictionary_encode()).combine_chunks()
    codes = values_of(whole.indices)
    counts = np.bincount(codes, minlength=len(whole.dictionary))
    if not counts.all():  # categories that no row has, or null among them
        return encode(kinds.plain(column).drop_null())
    return Encoded(whole.dictionary.cast(pa.large_string()), codes, counts)
