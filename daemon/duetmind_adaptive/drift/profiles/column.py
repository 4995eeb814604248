"""One column of some rows, counted on a grid: what profiles are made of, and how they add up.

Counts, extremes and the sketch of distinct values add up exactly, in any order and grouping; means, spreads and sums
to within rounding; categories beside the grid's to within `others.error`, which is 0 while there are few.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.profiles.grid import Grid
from duetmind_adaptive.stats import hyperloglog, misra_gries
from duetmind_adaptive.stats.hyperloglog import Registers
from duetmind_adaptive.stats.misra_gries import HeavyHitters
from duetmind_adaptive.stats.moments import Moments
from duetmind_adaptive.stats.moments import merge as merge_moments

Counts = NDArray[np.int64]

#: categories beside the grid's that are counted by name
OTHERS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnCounts:
    """Some rows of one column on its grid."""

    grid: Grid
    #: 0 when the rows came without this column
    rows: int = 0
    #: nulls and NaN
    missing: int = 0
    #: rows with a value that is not of the grid's kind
    unreadable: int = 0
    #: -inf and +inf
    infinite: tuple[int, int] = (0, 0)
    #: rows in each bin, one more than there are edges; or of each category
    counts: Counts = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    #: of the finite values in the first and in the last bin, the sum of their distances to the bin's edge
    outer: tuple[float, float] = (0.0, 0.0)
    #: of finite values, text lengths or seconds
    moments: Moments = field(default_factory=Moments)
    #: categories that the grid does not name
    others: HeavyHitters = field(default_factory=lambda: HeavyHitters({}))
    #: rows of categories that neither the grid nor `others` counts
    unnamed: int = 0
    #: rows of all categories by the hash of their name, where the grid names only some of the reference's
    hashed: Counts = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    registers: Registers = field(default_factory=hyperloglog.empty)
    #: Arrow types in which the column came
    types: frozenset[str] = frozenset()

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value; 1 where the column is not there."""
        return self.missing / self.rows if self.rows else 1.0

    @property
    def distinct(self) -> float:
        """How many different values there are: exact of named categories, else to within 9.2 % (one standard error)."""
        if self.grid.in_words and not self.unnamed:
            return float(np.count_nonzero(self.counts) + len(self.others.counts))
        return hyperloglog.estimate(self.registers)


def nothing(grid: Grid) -> ColumnCounts:
    """No rows on this grid: what a sum begins with."""
    return ColumnCounts(grid=grid, counts=np.zeros(_cells(grid), dtype=np.int64))


def _cells(grid: Grid) -> int:
    return len(grid.categories) if grid.in_words else grid.edges.size + 1


def add(one: ColumnCounts, other: ColumnCounts) -> ColumnCounts:
    """Both together.

    Raises
    ------
    ValueError
        They were counted on different grids.
    """
    if one.grid is not other.grid and one.grid.digest != other.grid.digest:
        raise ValueError(f"column '{one.grid.name}' was counted on different bins")
    others = misra_gries.add(one.others, other.others, OTHERS)
    beside = sum(sum(side.others.counts.values()) + side.unnamed for side in (one, other))
    return ColumnCounts(
        grid=one.grid,
        rows=one.rows + other.rows,
        missing=one.missing + other.missing,
        unreadable=one.unreadable + other.unreadable,
        infinite=(one.infinite[0] + other.infinite[0], one.infinite[1] + other.infinite[1]),
        counts=one.counts + other.counts,
        outer=(one.outer[0] + other.outer[0], one.outer[1] + other.outer[1]),
        moments=merge_moments(one.moments, other.moments),
        others=others,
        unnamed=beside - sum(others.counts.values()),
        hashed=one.hashed + other.hashed
        if one.hashed.size and other.hashed.size
        else _longer(one.hashed, other.hashed),
        registers=hyperloglog.merge(one.registers, other.registers),
        types=one.types | other.types,
    )


def _longer(one: Counts, other: Counts) -> Counts:
    """Rows without a category count none by hash."""
    return one if one.size else other
