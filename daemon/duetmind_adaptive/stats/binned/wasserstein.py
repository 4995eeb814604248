"""Wasserstein distance of binned samples, in the column's unit.

``W = ∫ |F_reference - F_current| dx`` is a sum over cells. In a cell of width h whose gap lies in ``[a, b]``
(`cells.py`) the integral lies in ``[h · min |x|, h · max |x|]`` over x in [a, b]; where a = b it is known. The open
cells at both ends reach to the least and the greatest value of both samples; beyond, the gap is 0. So the bounds are
``Σ h (p + q)`` apart at most: narrow cells cost little and wide ones, in the tails, should hold few rows.

The two open cells can be as long as their furthest row is far. Where the integral of the gap itself over them is known
(`Cells.outer`, which counts cannot tell but sums can) its size is a lower bound, and the integral of the size where
the gap cannot change its sign: as where only one sample has rows.

The value itself takes the gap to run straight from one end of a cell to the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.binned.cells import Bounded, Cells, largest_square, smallest_square


def wasserstein_distance(cells: Cells) -> Bounded:
    """How far rows have to travel on average, and between what that must lie.

    Examples
    --------
    >>> cells = Cells(edges=np.array([0.0, 2.0]), reference=np.array([4, 0, 0]), current=np.array([0, 4, 0]),
    ...               low=0.0, high=2.0)
    >>> wasserstein_distance(cells)
    Bounded(value=1.0, low=0.0, high=2.0)
    """
    heights = np.sqrt(smallest_square(cells)), _straight(cells.before, cells.after), np.sqrt(largest_square(cells))
    low, value, high = (areas(each, cells.widths) for each in heights)
    for end, known in zip((0, -1), map(abs, cells.outer or ()), strict=False):
        one_sign = cells.least[end] >= 0 or cells.most[end] <= 0
        low[end], high[end] = max(low[end], known), known if one_sign else max(high[end], known)
        value[end] = min(max(value[end], low[end]), high[end])
    least, most = float(low.sum()), float(high.sum())
    return Bounded(min(max(float(value.sum()), least), most), least, most)


def areas(heights: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height times width, where a height of 0 makes any width nothing."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond the largest float is infinite
        return np.where(heights > 0, heights * widths, 0.0)


def _straight(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of |x| along a straight line from `first` to `last`."""
    sizes = np.abs(first) + np.abs(last)
    crossing = first * last < 0
    return np.where(crossing, (first**2 + last**2) / np.where(sizes > 0, 2 * sizes, 1.0), sizes / 2)
