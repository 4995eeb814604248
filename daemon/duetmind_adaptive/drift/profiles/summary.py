"""Counts as the summary that rules, words and drawings work on: `drift.columns.ColumnProfile`.

Categories come over as they are. Of numbers only so many quantiles do as say what such rules ask, straight lines inside
bins; the statistics and their bounds are taken from the counts themselves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.profiles.column import ColumnCounts

#: quantiles of a column, at most
VALUES = 2_000


def summary_of(counts: ColumnCounts) -> ColumnProfile:
    """The summary of a column that was only counted.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.profiles.counting import count_column
    >>> from duetmind_adaptive.drift.profiles.grid import choose_grid
    >>> column = pa.chunked_array([[3.0, 1.0, None, 1.0]])
    >>> summary_of(count_column(choose_grid("x", column), column)).values
    array([1., 1., 3.])
    """
    grid = counts.grid
    start = ColumnProfile(
        name=grid.name,
        kind=grid.kind,
        type=" or ".join(sorted(counts.types)) or grid.type,
        family=grid.family,
        rows=counts.rows,
        missing=counts.missing,
        infinite=sum(counts.infinite),
        distinct=round(counts.distinct),
        longest_run=int(counts.counts.max(initial=0)),
        untested=grid.untested,
    )
    if not grid.in_words:
        return replace(start, values=_quantiles(counts))
    named = dict(zip(grid.categories, counts.counts.tolist(), strict=True))
    beside = sum(counts.others.counts.values()) + counts.unnamed
    if not counts.others.error:  # else their counts are not exact
        named |= counts.others.counts
        beside = counts.unnamed
    order = sorted((name for name in named if named[name]), key=lambda name: -named[name])
    held = np.array([named[name] for name in order], dtype=np.int64)
    return replace(start, categories=tuple(order), counts=held, other=beside, hashed=counts.hashed)


def _quantiles(counts: ColumnCounts) -> NDArray[np.float64]:
    held = counts.moments
    if not held.rows:
        return np.empty(0)
    edges = counts.grid.edges
    upper = np.clip(np.append(edges, held.greatest), held.least, held.greatest)
    lower = np.clip(np.append(held.least, edges), held.least, held.greatest)
    up_to = np.cumsum(counts.counts)
    ranks = np.linspace(0, held.rows - 1, min(VALUES, held.rows)).round()
    bins = np.searchsorted(up_to, ranks, side="right")
    within = (ranks + 1 - (up_to - counts.counts)[bins]) / counts.counts[bins]
    values = upper[bins] - (upper - lower)[bins] * (1 - within)
    values[0] = held.least
    return np.where(np.nextafter(lower[bins], np.inf) >= upper[bins], upper[bins], values)
