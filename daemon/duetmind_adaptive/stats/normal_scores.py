"""Van der Waerden's normal scores: a column's ranks among its own values, spread as a normal sample would be.

What is left of a table whose columns were all replaced by their scores is how they go together (its copula): shifts,
units, heavy tails and every other monotone change of a single column are gone.

Formula: ``z = Φ⁻¹(rank / (n + 1))`` with the mean rank among ties, then divided by the root of its mean square, so that
the scores of a column have mean 0 and variance 1. Missing values have the score 0 and no rank.

Reference
---------
B. L. van der Waerden, "Order tests for the two-sample problem and their power", Indagationes Mathematicae 14 (1952),
453-458.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


class Scores(NamedTuple):
    """A table of columns on one scale; both shape (n, d)."""

    #: mean 0 and variance 1 over the present values of a column; 0 where missing, and all over a constant column
    values: Floats
    #: 1.0 where there is a value, else 0.0; None where none is missing
    present: Floats | None

    def rows(self, first: int, last: int) -> Scores:
        """The scores of some rows as they are in the whole."""
        present = None if self.present is None else self.present[first:last]
        return Scores(self.values[first:last], present)


def normal_scores(table: Floats) -> Scores:
    """Score every column among its own values.

    Parameters
    ----------
    table
        Shape (n, d), n ≥ 1; NaN is missing, ±inf are values like any other.

    Examples
    --------
    >>> normal_scores(np.array([[1.0], [1e9], [30.0]])).values.T.round(3)
    array([[-1.225,  1.225,  0.   ]])
    >>> normal_scores(np.array([[1.0], [np.nan], [2.0]])).values.T
    array([[-1.,  0.,  1.]])
    """
    columns = np.ascontiguousarray(table.T)
    missing = np.isnan(columns)
    present = columns.shape[1] - missing.sum(axis=1, keepdims=True)
    ranks = np.minimum(_mean_ranks(columns), present)  # those of missing values are beyond, and not looked at
    scores = ndtri(ranks / (present + 1))
    scores[missing] = 0.0
    size = np.sqrt(np.einsum("ij,ij->i", scores, scores)[:, np.newaxis] / np.maximum(present, 1))
    np.divide(scores, size, out=scores, where=size > 0)
    return Scores(scores.T, (~missing).T.astype(np.float64) if missing.any() else None)


def _mean_ranks(columns: Floats) -> Floats:
    """Ranks from 1 along the last axis, ties sharing their mean; those of NaN mean nothing."""
    order = np.argsort(columns, axis=1)
    ascending = np.take_along_axis(columns, order, axis=1)
    places = np.arange(columns.shape[1], dtype=np.int64)
    fresh = np.ones(columns.shape, dtype=np.bool_)
    fresh[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    last = np.ones(columns.shape, dtype=np.bool_)
    last[:, :-1] = fresh[:, 1:]
    begin = np.maximum.accumulate(np.where(fresh, places, 0), axis=1)
    end = np.minimum.accumulate(np.where(last, places, places[-1])[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(columns.shape)
    np.put_along_axis(ranks, order, (begin + end) / 2 + 1, axis=1)
    return ranks
