"""Two samples as counts between common edges, and all that is known of the gap of their distribution functions.

At every edge both empirical distribution functions are known exactly. Inside a cell ``(l, u]`` that holds the share p
of the reference and q of the current sample, with the gap ``F_reference - F_current = d`` at l, the gap lies in
``[d - q, d + p]``: it rises with each row of the reference and falls with each current one, and there are no more.

A cell is *solid* when its rows can only lie in one way: it holds one float64 only, or one row at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Bounded(NamedTuple):
    """A statistic of binned samples, and the bounds between which that of the values themselves must lie."""

    value: float
    low: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Bounded:
        """A value that needs no bounds."""
        return cls(value, value, value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Counts of two samples, neither of them empty, in ``(-inf, e_1], (e_1, e_2], …, (e_k, inf)``.

    Examples
    --------
    >>> cells = Cells(edges=np.array([1.0, 2.0]), reference=np.array([2, 2, 0]), current=np.array([0, 1, 1]),
    ...               low=0.5, high=4.0)
    >>> cells.before, cells.widths
    (array([0. , 0.5, 0.5]), array([0.5, 1. , 2. ]))
    """

    #: ascending, no two alike
    edges: Floats
    #: one more than edges
    reference: Counts
    current: Counts
    #: the least and the greatest value of both samples, or anything beyond
    low: float
    high: float
    #: integral of the gap of the distribution functions over the first and over the last cell, where it is known
    outer: tuple[float, float] | None = None

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Rows of the reference and of the current sample."""
        return int(self.reference.sum()), int(self.current.sum())

    @cached_property
    def up_to(self) -> tuple[Floats, Floats]:
        """Both distribution functions at the cells' upper ends."""
        return np.cumsum(self.reference) / self.sizes[0], np.cumsum(self.current) / self.sizes[1]

    @cached_property
    def below(self) -> tuple[Floats, Floats]:
        """Both distribution functions at the cells' lower ends."""
        first, second = self.up_to
        return np.concatenate([[0.0], first[:-1]]), np.concatenate([[0.0], second[:-1]])

    @cached_property
    def before(self) -> Floats:
        """The gap of the distribution functions at the cells' lower ends."""
        return self.below[0] - self.below[1]

    @cached_property
    def after(self) -> Floats:
        """The gap at the cells' upper ends."""
        return self.up_to[0] - self.up_to[1]

    @cached_property
    def least(self) -> Floats:
        """What the gap cannot fall below inside the cells."""
        return self.below[0] - self.up_to[1]

    @cached_property
    def most(self) -> Floats:
        """What the gap cannot exceed inside the cells."""
        return self.up_to[0] - self.below[1]

    @cached_property
    def points(self) -> NDArray[np.bool_]:
        """Whether a cell holds one float64 only: its upper end, so that the gap stays as it was up to there."""
        one_float = np.zeros(self.reference.size, dtype=np.bool_)
        one_float[1:-1] = np.nextafter(self.edges[:-1], np.inf) >= self.edges[1:]
        return one_float

    @cached_property
    def solid(self) -> NDArray[np.bool_]:
        """Whether there is only one way for a cell's rows to lie."""
        return self.points | (self.reference + self.current <= 1)

    @cached_property
    def widths(self) -> Floats:
        """How long the cells are, between the least and the greatest value."""
        ends = np.clip(np.concatenate([[self.low], self.edges, [self.high]]), self.low, self.high)
        with np.errstate(over="ignore"):  # what is beyond the largest float is infinite
            return np.diff(ends)


def smallest_square(cells: Cells) -> Floats:
    """The least that the squared gap can be inside each cell."""
    inside = np.maximum(np.maximum(cells.least, -cells.most), 0.0)
    return np.where(cells.points, cells.before, inside) ** 2


def largest_square(cells: Cells) -> Floats:
    """The most that the squared gap can be inside each cell."""
    return np.where(cells.points, cells.before, np.maximum(cells.most, -cells.least)) ** 2
