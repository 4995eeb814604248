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
Places = NDArray[np.intp]


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
    scores, known = np.zeros(columns.shape), ~np.isnan(columns)
    for column, row, values in zip(columns, scores, known.sum(axis=1).tolist(), strict=True):
        order, first, tied = _ties(column, values)
        steps = ndtri((first + (tied + 1) / 2) / (values + 1))
        size = np.sqrt((steps * steps) @ tied / max(values, 1))
        row[order] = np.repeat(steps / size if size > 0 else steps, tied)
    return Scores(scores.T, None if known.all() else known.T.astype(np.float64))


def _ties(column: Floats, values: int) -> tuple[Places, Places, Places]:
    """The order of the present values, and for each different one its place in it and how often it comes."""
    order = np.argsort(column)[:values]  # NaN is last
    ascending = column[order]
    first = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[:values])
    return order, first, np.diff(np.append(first, values))
