"""How well the mean of rows is known that depend on their neighbours: by the means of contiguous batches.

Rows that follow each other in time are alike, so that 1,000 of them may be worth 200 independent ones. The means of
batches longer than that likeness vary as much as they do because of it, and their variance tells that of the whole
mean.
Where batches are too short, neighbouring ones are still alike; that correlation, averaged over all functions of a row
that are looked at together, makes the variance larger, never smaller.

Formula, for batch means x of b batches: ``variance = s² / b · max(1, 1 + 2 r)`` with s² their sample variance and r
their correlation at lag 1, corrected for its bias of ``-1 / b``.

Two means differ beyond chance by Welch's test: ``t = difference / √Σ variances``, with the degrees of freedom
``(Σ v)² / Σ (v² / f)``, f those of each (Satterthwaite), smallest where one little-known variance is most of the sum.

References
----------
C. Alexopoulos, D. Goldsman, "To batch or not to batch?", ACM Trans. Modeling and Computer Simulation 14 (2004), 76-114.
B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
Biometrika 34 (1947), 28-35.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]

#: batches that rows are cut into, where there are rows enough …
BATCHES = 32
#: … for so many rows in each
BATCH_ROWS = 10
#: the variance where nothing varies: keeps a quotient finite
_NEXT_TO_NOTHING = 1e-12


class Mean(NamedTuple):
    """Means of k functions of a row, with what is known of their error; arrays of one shape."""

    value: Floats
    #: of the mean, not of a row
    variance: Floats
    #: degrees of freedom of the variance
    freedom: float


class Part(NamedTuple):
    """One source of a difference's variance."""

    variance: Floats
    freedom: float


def batch_edges(rows: int, batches: int = BATCHES) -> NDArray[np.intp]:
    """Where batches begin and end: at most `batches`, of `BATCH_ROWS` rows or more, all but equally long.

    >>> batch_edges(45).tolist(), batch_edges(1000, 4).tolist()
    ([0, 11, 22, 33, 45], [0, 250, 500, 750, 1000])
    """
    count = int(np.clip(rows // BATCH_ROWS, 1, batches))
    return np.linspace(0, rows, count + 1).astype(np.intp)


class BatchMeans:
    """Gathers batch means one by one, of any shape, without keeping them.

    Examples
    --------
    >>> gathered = BatchMeans()
    >>> for mean in (1.0, 3.0, 1.0, 3.0):
    ...     gathered.add(np.array([mean]))
    >>> float(gathered.variance()[0]), gathered.freedom
    (0.3333333333333333, 3)
    """

    def __init__(self) -> None:
        self._count = 0
        self._sum: Floats = np.zeros(())
        self._squares: Floats = np.zeros(())
        self._neighbours: Floats = np.zeros(())
        self._first: Floats = np.zeros(())
        self._last: Floats = np.zeros(())

    def add(self, mean: Floats) -> None:
        """Take the mean of the next batch."""
        if self._count:
            self._neighbours = self._neighbours + mean * self._last
        else:
            self._first = mean
        self._count += 1
        self._sum = self._sum + mean
        self._squares = self._squares + mean**2
        self._last = mean

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the variance."""
        return self._count - 1

    def variance(self) -> Floats:
        """Variance of the mean of all batches; NaN for less than two of them."""
        if self._count < 2:
            return np.full(self._sum.shape, np.nan)
        mean = self._sum / self._count
        squares = np.maximum(self._squares - self._count * mean**2, 0.0)
        ends = self._first + self._last
        products = self._neighbours - mean * (2 * self._sum - ends) + (self._count - 1) * mean**2
        return squares / (self._count * (self._count - 1)) * _inflation(squares, products, self._count)


def _inflation(squares: Floats, products: Floats, count: int) -> float:
    """By how much batches that resemble their neighbours make the variance larger."""
    held = squares > _NEXT_TO_NOTHING
    if not held.any():
        return 1.0
    alike = float((products[held] / squares[held]).mean()) + 1 / count
    return max(1.0, 1 + 2 * alike)


def mean_of_rows(values: Floats, edges: NDArray[np.intp] | None = None) -> Mean:
    """Mean of dependent rows, with its variance.

    Parameters
    ----------
    values
        Shape (n,) or (n, k), in the order of time.
    edges
        Of the batches; default: those of `batch_edges`.

    Examples
    --------
    >>> mean = mean_of_rows(np.random.default_rng(2).normal(size=3200))
    >>> bool(0.5 < mean.variance * 3200 < 2), mean.freedom
    (True, 31.0)
    """
    edges = batch_edges(len(values)) if edges is None else edges
    sizes = np.diff(edges).reshape(-1, *[1] * (values.ndim - 1))
    means: Floats = np.add.reduceat(values, edges[:-1], axis=0) / sizes
    count = len(means)
    if count < 2:
        return Mean(values.mean(axis=0), np.full(values.shape[1:], np.nan), 0.0)
    centred = means - means.mean(axis=0)
    squares, products = (centred**2).sum(axis=0), (centred[1:] * centred[:-1]).sum(axis=0)
    variance = squares / (count * (count - 1)) * _inflation(squares, products, count)
    return Mean(values.mean(axis=0), variance, count - 1.0)


def welch(difference: Floats, *parts: Part) -> tuple[Floats, Floats]:
    """Student's t and its two-sided p-value of a difference whose variance has several independent sources.

    Parameters
    ----------
    difference
        Any shape; the variances have the same.

    Examples
    --------
    >>> t, p = welch(np.array([3.0]), Part(np.array([0.5]), 31), Part(np.array([0.5]), 31))
    >>> float(t[0]), round(float(p[0]), 4)
    (3.0, 0.0039)
    """
    total = np.maximum(sum((part.variance for part in parts), np.zeros(())), _NEXT_TO_NOTHING)
    uncertain = sum((part.variance**2 / part.freedom for part in parts), np.zeros(()))
    freedom = total**2 / np.maximum(uncertain, _NEXT_TO_NOTHING**2)
    t = difference / np.sqrt(total)
    return t, 2 * stdtr(freedom, -np.abs(t))
