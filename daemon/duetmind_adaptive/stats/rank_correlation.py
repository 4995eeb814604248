"""Correlations of all pairs of columns on normal scores, each with a standard error that dependent rows cannot fool.

A pair's normal-score correlation depends on how the two columns go together and on nothing that either does alone: it
is the same after any increasing transformation of a column. Rows in which one of the two is missing do not count.

Formula: ``r = Σ z_a z_b / √(Σ z_a² Σ z_b²)``, sums over the rows that have both. Its error is that of the mean of
``z_a z_b - r (z_a² + z_b²) / 2``, the influence of a row, by batch means; for independent rows of a normal copula that
is ``(1 - r²) / √n``.

Reference
---------
C. A. J. Klaassen, J. A. Wellner, "Efficient estimation in the bivariate normal copula model: normal margins are least
favourable", Bernoulli 3 (1997), 55-77.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.batch_means import BatchMeans, Mean, batch_edges
from duetmind_adaptive.stats.normal_scores import Scores

Floats = NDArray[np.float64]


def rank_correlations(scores: Scores) -> Mean:
    """Correlation matrix of scored columns, shape (d, d), with its variances.

    Parameters
    ----------
    scores
        As of `normal_scores`, rows in the order of time, n ≥ 20. A constant column correlates 0 with every other.

    Examples
    --------
    >>> from duetmind_adaptive.stats.normal_scores import normal_scores
    >>> x, noise = np.random.default_rng(1).normal(size=(2, 1000))
    >>> found = rank_correlations(normal_scores(np.column_stack([np.exp(9 * x), x + noise, noise])))
    >>> found.value.round(1)
    array([[1. , 0.7, 0. ],
           [0.7, 1. , 0.7],
           [0. , 0.7, 1. ]])
    >>> round(float(found.variance[0, 2]) * 1000, 1)
    1.4
    """
    products = scores.values.T @ scores.values
    squares = _squares(scores)
    size = np.sqrt(squares * squares.T)
    r = np.divide(products, size, out=np.zeros_like(products), where=size > 0)
    tilt = np.sqrt(np.divide(squares.T, squares, out=np.ones_like(products), where=size > 0))
    return Mean(r, *_errors(scores, r, size / len(scores.values), tilt))


def _errors(scores: Scores, r: Floats, size: Floats, tilt: Floats) -> tuple[Floats, int]:
    """Variance of the mean influence, and its degrees of freedom."""
    gathered = BatchMeans()
    edges = batch_edges(len(scores.values))
    for first, last in pairwise(edges):
        batch = scores.rows(first, last)
        squares = _squares(batch)
        influence = batch.values.T @ batch.values - r / 2 * (squares * tilt + squares.T / tilt)
        influence /= last - first
        gathered.add(np.divide(influence, size, out=np.zeros_like(r), where=size > 0))
    return gathered.variance(), gathered.freedom


def _squares(scores: Scores) -> Floats:
    """Sum of z_a² over the rows that have b too, at place (a, b)."""
    squared = scores.values**2
    if scores.present is None:
        return np.broadcast_to(squared.sum(axis=0)[:, np.newaxis], (squared.shape[1], squared.shape[1]))
    return squared.T @ scores.present
