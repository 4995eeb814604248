"""The smoothed mean of the target for each category, without telling a row its own answer.

``mean(c) = (sum of y over rows of c + SMOOTHING × prior) / (rows of c + SMOOTHING)``. What a learner learns from is
cross-fitted: the rows are dealt out to blocks, and a row's mean is computed from the other blocks. Later rows get the
mean of all learning rows. A category that was never seen gets the prior.

Reference
---------
D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in classification and prediction
problems", SIGKDD Explorations 3 (2001), 27-32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]

#: rows of prior that each category is given
SMOOTHING = 10.0
#: blocks of the cross-fit
BLOCKS = 5
#: a target with more classes would give too many columns: only its commonest classes do
MOST_CLASSES = 6


class TargetMeans:
    """One column for each coded column and class (the second of two; the number itself for regression).

    Examples
    --------
    >>> codes, y = np.array([[0.0], [0.0], [1.0], [1.0]] * 50), np.array([0, 0, 1, 1] * 50)
    >>> means = TargetMeans([0])
    >>> _ = means.fit_transform(codes, y, 2)
    >>> means.transform(np.array([[0.0], [1.0], [7.0]])).round(2).tolist()
    [[0.05], [0.95], [0.5]]
    """

    def __init__(self, places: list[int]) -> None:
        self.places = places

    def fit_transform(self, x: Matrix, y: Matrix, classes: int) -> Matrix:
        """Learn the means; the cross-fitted columns of these rows, shape (n, columns)."""
        targets = _targets(y, classes)
        self.prior_ = targets.mean(axis=0)
        self.tables_ = [_table(_codes(x[:, place]), targets, self.prior_) for place in self.places]
        block = np.random.default_rng(0).permutation(len(x)) % BLOCKS
        columns = np.empty((len(x), len(self.places) * targets.shape[1]))
        for held in range(BLOCKS if self.places else 0):
            learn, answer = block != held, block == held
            tables = [_table(_codes(x[learn, place]), targets[learn], self.prior_) for place in self.places]
            columns[answer] = self._look_up(x[answer], tables)
        return columns

    def transform(self, x: Matrix) -> Matrix:
        """The columns of other rows."""
        return self._look_up(x, self.tables_)

    def _look_up(self, x: Matrix, tables: list[Matrix]) -> Matrix:
        found = [_rows_of(table, _codes(x[:, place])) for place, table in zip(self.places, tables, strict=True)]
        return np.concatenate(found, axis=1) if found else np.empty((len(x), 0))


def _targets(y: Matrix, classes: int) -> Matrix:
    if not classes:
        return y.astype(np.float64)[:, None]
    if classes == 2:
        return (y == 1).astype(np.float64)[:, None]
    counts = np.bincount(y, minlength=classes)
    shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    return (y[:, None] == shown).astype(np.float64)


def _codes(values: Matrix) -> NDArray[np.intp]:
    """Places in a table: 0 for a missing value, then each code."""
    return np.nan_to_num(values + 1).astype(np.intp)


def _table(codes: NDArray[np.intp], targets: Matrix, prior: Matrix) -> Matrix:
    """Means by place; the last row is the prior, for whatever was never seen."""
    size = int(codes.max(initial=0)) + 2
    rows = np.bincount(codes, minlength=size)[:, None]
    sums = np.stack([np.bincount(codes, weights=column, minlength=size) for column in targets.T], axis=1)
    return (sums + SMOOTHING * prior) / (rows + SMOOTHING)


def _rows_of(table: Matrix, codes: NDArray[np.intp]) -> Matrix:
    return table[np.minimum(codes, len(table) - 1)]
