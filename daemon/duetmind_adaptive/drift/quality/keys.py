"""Rows that share a key which should be theirs alone: `keys_not_unique`. Labels that are joined by it go astray."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duetmind_adaptive.drift.arrays import place_array, values_of
from duetmind_adaptive.drift.quality.pair import EXAMPLES, listed
from duetmind_adaptive.records import Finding


def find(name: str, keys: pa.ChunkedArray) -> Iterator[Finding]:
    """Tell which keys come more than once; rows without a key are not counted.

    Examples
    --------
    >>> [finding.examples for finding in find("id", pa.chunked_array([["a", "b", "a", None]]))]
    [('a',)]
    """
    present = keys.drop_null()
    counted = pc.call_function("value_counts", [present])
    counts = values_of(counted.field("counts"))
    twice = np.flatnonzero(counts > 1)
    if twice.size:
        rows = int(counts[twice].sum())
        common = twice[np.argsort(-counts[twice], kind="stable")][:EXAMPLES]
        examples = tuple(str(key) for key in counted.field("values").take(place_array(common)).to_pylist())
        message = f"{name} is not unique: {rows:,} rows share {twice.size:,} keys, such as {listed(examples)}"
        yield Finding(code="keys_not_unique", message=message, column=name, count=rows, examples=examples)
