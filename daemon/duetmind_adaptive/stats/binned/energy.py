"""Energy distance of binned samples.

``E = √(2 ∫ (F_reference - F_current)² dx)``: as of the Wasserstein distance (`wasserstein.py`), a cell of width h whose
gap lies in ``[a, b]`` adds between ``h · min x²`` and ``h · max x²`` over x in [a, b] to the integral.
"""

from __future__ import annotations

import math

import numpy as np

from duetmind_adaptive.stats.binned.cells import Bounded, Cells, largest_square, smallest_square
from duetmind_adaptive.stats.binned.wasserstein import areas


def energy_distance(cells: Cells) -> Bounded:
    """The energy distance with the gap straight inside cells, and between what that of the values must lie.

    Examples
    --------
    >>> cells = Cells(edges=np.array([0.0, 2.0]), reference=np.array([4, 0, 0]), current=np.array([0, 0, 4]),
    ...               low=0.0, high=2.0)
    >>> energy_distance(cells)
    Bounded(value=2.0, low=2.0, high=2.0)
    """
    straight = (cells.before**2 + cells.before * cells.after + cells.after**2) / 3
    squares = (straight, smallest_square(cells), largest_square(cells))
    value, low, high = (math.sqrt(2 * float(areas(each, cells.widths).sum())) for each in squares)
    return Bounded(float(np.clip(value, low, high)), low, high)
