"""What a column is counted on: bins between quantiles of its reference, or the reference's categories.

A profile is exact about its own bins whoever chose them; what the choice decides is how tight the bounds of the
statistics are. So every bin that can hold more than one value holds at most 1/K of the rows it was chosen from: a value
with more rows than that gets a bin of its own, from the next smaller float64 up to it. Towards both ends the bins
halve in rows, so that the long ones of a heavy tail hold few. Of few different values each has its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.cells import MOST_CELLS
from duetmind_adaptive.drift.columns import ColumnProfile, Limits, summarise
from duetmind_adaptive.drift.kinds import Family
from duetmind_adaptive.records import Kind
from duetmind_adaptive.stats.psi import quantile_edges

Floats = NDArray[np.float64]

#: bins of a column, about; exact Kolmogorov–Smirnov distances are known to within 1 / BINS
BINS = 1_000
#: categories counted by name, the most frequent of the reference
CATEGORIES = 1_000
_EVERY_VALUE = 1 << 62


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The bins of one column; `edges` or `categories` are filled, according to `kind`."""

    name: str
    kind: Kind
    family: Family
    #: the Arrow type as Arrow writes it
    type: str
    #: of values, text lengths or seconds: ascending, each the inclusive upper end of a bin
    edges: Floats = field(default_factory=_none)
    #: those of the edges that cut the reference into tenths, and into the cells that effects are computed on
    deciles: Floats = field(default_factory=_none)
    cells: Floats = field(default_factory=_none)
    #: counted by name, most frequent first
    categories: tuple[str, ...] = ()
    #: why the column cannot be counted; None when it can
    untested: str | None = None

    @property
    def is_folded(self) -> bool:
        """Whether there may be categories of the reference that are not counted by name."""
        return len(self.categories) >= CATEGORIES

    @property
    def in_words(self) -> bool:
        """Whether values are counted by name."""
        return self.kind in {"categorical", "boolean"}

    @cached_property
    def named(self) -> pa.LargeStringArray:
        """The categories as Arrow looks them up."""
        return pa.array(self.categories, pa.large_string())

    @cached_property
    def digest(self) -> bytes:
        """Equal for equal grids: counts on them may be added."""
        hashed = hashlib.blake2b(repr((self.name, self.kind, self.family, self.categories)).encode(), digest_size=16)
        hashed.update(self.edges.tobytes())
        return hashed.digest()


def choose_grid(
    name: str, column: pa.ChunkedArray, *, bins: int = BINS, categories: int = CATEGORIES, kind: Kind | None = None
) -> Grid:
    """Choose the bins of a column from its reference, or from a sample of it.

    Parameters
    ----------
    name
        The column's.
    column
        Its values, whose type may be any.
    bins
        K of the module's first paragraph.
    categories
        Most categories that are counted by name.
    kind
        How it is compared; None decides from type and values.

    Examples
    --------
    >>> grid = choose_grid("x", pa.chunked_array([[1.0, 1.0, 1.0, 2.0, None]]))
    >>> grid.kind, [float(edge) for edge in grid.edges]
    ('numeric', [0.9999999999999999, 1.0, 1.9999999999999998, 2.0])
    """
    held = summarise(name, column, kind=kind, limits=Limits(values=_EVERY_VALUE, categories=categories))
    return grid_of(held, bins)


def grid_of(held: ColumnProfile, bins: int = BINS) -> Grid:
    """The grid of a column that was summarised with all its values."""
    return Grid(
        name=held.name,
        kind=held.kind,
        family=held.family,
        type=held.type,
        edges=quantile_bins(held.values, bins),
        deciles=quantile_edges(held.values) if held.values.size else _none(),
        cells=quantile_edges(held.values, MOST_CELLS) if held.values.size else _none(),
        categories=held.categories,
        untested=held.untested,
    )


def quantile_bins(ascending: Floats, bins: int) -> Floats:
    """Edges of the bins for ascending, finite values; none for no values.

    Examples
    --------
    >>> edges = quantile_bins(np.arange(100_000.0), 10)
    >>> edges.size, bool(np.isin(quantile_edges(np.arange(100_000.0)), edges).all())
    (68, True)
    """
    if not ascending.size:
        return _none()
    edges = _few_values(ascending, bins // 2)
    if edges is None:
        edges = np.unique(ascending[_ranks(ascending.size, bins)])
        up_to = np.searchsorted(ascending, edges, side="right")
        heavy = np.diff(up_to, prepend=0) * bins > ascending.size
    else:
        heavy = np.ones(edges.size, dtype=np.bool_)
    heavy[0] = True  # what is smaller than all of the reference has a bin of its own
    edges = np.unique(np.concatenate([edges, np.nextafter(edges[heavy], -np.inf)]))
    return edges[np.isfinite(edges)]


def _few_values(ascending: Floats, limit: int) -> Floats | None:
    """All different values when there are at most `limit`; most columns show early that there are more."""
    if np.unique(ascending[:: max(1, ascending.size // (4 * limit + 4))]).size > limit:
        return None
    different = ascending[np.append(True, ascending[1:] != ascending[:-1])]
    return different if different.size <= limit else None


def _ranks(rows: int, bins: int) -> NDArray[np.int64]:
    """Places of the edges: every step of at most 1/bins of the rows, the coarse ones, and halving ones at both ends."""
    step = max(1, rows // bins)
    halving = 2 ** np.arange(int(step).bit_length()) - 1
    coarse = np.maximum(np.arange(1, MOST_CELLS) * rows // MOST_CELLS - 1, 0)
    ranks = np.concatenate([np.arange(step - 1, rows, step), coarse, halving, rows - 1 - halving])
    return np.unique(ranks[(ranks >= 0) & (ranks < rows)])
