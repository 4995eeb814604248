"""Kolmogorov–Smirnov distance of binned samples.

Let D be the distance of the values, B the largest gap at an edge. Edges are points like any other, so ``B ≤ D``. In a
cell with shares p and q the gap lies in ``[d - q, d + p]`` (`cells.py`), where d is the gap at its lower end; with
``d' = d + p - q`` at its upper end this is ``[d' - p, d' + q]`` as well, so that its size exceeds the larger of |d|
and |d'| by ``min(p, q)`` at most, and not at all where the cell is solid or only one sample has rows in it (the gap is
then monotonous). Hence ``B ≤ D ≤ B + max min(p, q)`` over the other cells. On K cells that hold at most 1/K of the
reference each, D is known to within 1/K.
"""

from __future__ import annotations

import numpy as np

from duetmind_adaptive.stats.binned.cells import Bounded, Cells


def ks_distance(cells: Cells) -> Bounded:
    """The largest gap at an edge, and what the largest gap anywhere lies between.

    Examples
    --------
    >>> cells = Cells(edges=np.array([1.0]), reference=np.array([2, 2]), current=np.array([1, 3]), low=0.0, high=2.0)
    >>> ks_distance(cells)
    Bounded(value=0.25, low=0.25, high=0.75)
    """
    at_edges = float(np.abs(cells.after).max())
    mixed = ~cells.solid & (cells.reference > 0) & (cells.current > 0)
    inside = np.maximum(cells.most, -cells.least)[mixed]
    return Bounded(at_edges, at_edges, max(at_edges, float(inside.max(initial=0.0))))
