"""Cramér–von Mises statistic of binned samples.

The statistic T of `stats/cramer_von_mises.py` (midranks) is a sum over the distinct pooled values g. Let ``p_g`` and
``q_g`` be the shares of the reference (n rows) and of the current sample (m rows) tied at g, ``N = n + m``, and ``δ_g``
the mean of the gap ``F_reference - F_current`` just below and at g. With α and β both distribution functions half-way
up their steps at g, the midrank of a row is ``n α + m β`` and a half; summing ``α² p``, ``α β p``, … by parts (both
run from 0 to 1) gives

``T = nm/N · Σ (n p_g + m q_g)/N · δ_g²  +  n²(n² + nm + m²)/(12 m N²) · Σ p_g³  +  m²(n² + nm + m²)/(12 n N²) · Σ q_g³
- n²m/(4N²) · Σ p_g² q_g  -  nm²/(4N²) · Σ p_g q_g²  -  (n - m)²/(12 n m N)``.

Of a cell that holds the shares p and q only these sums are unknown, and they are bounded: ``δ_g²`` by the range of the
gap (`cells.py`), ``p/n² ≤ Σ p_g³ ≤ p³`` (rows all apart, rows all tied), likewise for q, and
``0 ≤ Σ p_g² q_g ≤ p² q``, ``0 ≤ Σ p_g q_g² ≤ p q²``. A solid cell is one tie: its terms are known.

The value itself takes the gap to run straight and the rows to lie apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.binned.cells import Bounded, Cells, largest_square, smallest_square

Floats = NDArray[np.float64]


def cramer_von_mises(cells: Cells) -> Bounded:
    """The statistic T of binned samples, and between what that of the values must lie.

    Examples
    --------
    >>> cells = Cells(edges=np.array([0.0, 1.0, 2.0]), reference=np.array([1, 1, 0, 0]), current=np.array([0, 0, 1, 1]),
    ...               low=0.0, high=9.0)
    >>> low, high = cramer_von_mises(cells)[1:]
    >>> round(low, 12), round(high, 12)
    (0.375, 0.375)
    """
    n, m = map(float, cells.sizes)
    p, q = cells.reference / n, cells.current / m
    apart, tied = (p / n**2, q / m**2), (p**3, q**3)
    middle = ((cells.before + cells.after) / 2) ** 2
    straight = (cells.before**2 + cells.before * cells.after + cells.after**2) / 3
    none = np.zeros_like(p)
    solid = (middle, tied, (p**2 * q, p * q**2))
    ways = (
        (straight, apart, (none, none)),
        (smallest_square(cells), apart, (p**2 * q, p * q**2)),
        (largest_square(cells), tied, (none, none)),
    )
    value, low, high = (_total(cells, solid, way) for way in ways)
    return Bounded(float(np.clip(value, low, high)), low, high)


#: squared gaps, cubes of both samples' shares and their mixed products, for each cell
_Sums = tuple[Floats, tuple[Floats, Floats], tuple[Floats, Floats]]


def _total(cells: Cells, solid: _Sums, way: _Sums) -> float:
    """T when solid cells have these sums, and the others those."""
    n, m = map(float, cells.sizes)
    total = n + m
    squares = np.where(cells.solid, solid[0], way[0])
    cubes = [float(np.where(cells.solid, known, other).sum()) for known, other in zip(solid[1], way[1], strict=True)]
    mixed = [float(np.where(cells.solid, known, other).sum()) for known, other in zip(solid[2], way[2], strict=True)]
    main = n * m / total * float(((cells.reference + cells.current) / total * squares).sum())
    common = (n * n + n * m + m * m) / (12 * total**2)
    ties = common * (n * n / m * cubes[0] + m * m / n * cubes[1])
    ties -= n * m / (4 * total**2) * (n * mixed[0] + m * mixed[1])
    return max(0.0, main + ties - (n - m) ** 2 / (12 * n * m * total))
