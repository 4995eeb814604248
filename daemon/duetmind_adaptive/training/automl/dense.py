"""What linear models and neural networks learn from: bounded columns, fitted to the learning rows only.

Numbers become normal scores (or standard scores, or a piecewise linear basis), missing ones zero with a column that
says so. Categories become one column each; rare ones share a column, and columns with many categories also give the
smoothed mean of the target, each row's computed without that row's block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from duetmind_adaptive.training.automl.target_means import TargetMeans

Matrix = NDArray[Any]

#: values that describe a column's distribution
QUANTILES = 200
#: standard scores are cut off here
FARTHEST = 5.0
#: a category with fewer learning rows shares the column of the rare ones
FEWEST_ROWS = 10
#: columns for the categories of one column; one with more gives target means beside them
MOST_COLUMNS = 50


class DenseInputs:
    """Turns the coded matrix into bounded columns.

    Parameters
    ----------
    categories
        Positions of the columns that hold codes.
    scaling
        `quantile` or `standard`.
    knots
        Pieces of the linear basis that each number gets beside its score; 0 for none.
    """

    def __init__(self, categories: list[int], scaling: str = "quantile", knots: int = 0) -> None:
        self.categories = categories
        self.scaling = scaling
        self.knots = knots

    def fit_transform(self, x: Matrix, y: Matrix, classes: int) -> Matrix:
        """Learn from these rows and give their columns, shape (n, columns), float32."""
        numbers = [place for place in range(x.shape[1]) if place not in set(self.categories)]
        self.numbers_ = [place for place in numbers if _varies(x[:, place])]
        self.grids_ = [_grid(x[:, place], self.scaling) for place in self.numbers_]
        self.gaps_ = [place for place in numbers if 0 < np.isnan(x[:, place]).mean() < 1]
        self.kept_ = [_common(x[:, place]) for place in self.categories]
        many = [place for place, kept in zip(self.categories, self.kept_, strict=True) if _is_many(x[:, place], kept)]
        self.means_ = TargetMeans(many)
        means = self.means_.fit_transform(x, y, classes)
        return self._columns(x, means)

    def transform(self, x: Matrix) -> Matrix:
        """The columns of other rows."""
        return self._columns(x, self.means_.transform(x))

    def _columns(self, x: Matrix, means: Matrix) -> Matrix:
        parts = [self._scores(x, place, grid) for place, grid in zip(self.numbers_, self.grids_, strict=True)]
        parts += [np.isnan(x[:, self.gaps_]).astype(np.float32)] if self.gaps_ else []
        parts += [_one_hot(x[:, place], kept) for place, kept in zip(self.categories, self.kept_, strict=True)]
        parts += [means.astype(np.float32)] if means.size else []
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(x), 1), dtype=np.float32)

    def _scores(self, x: Matrix, place: int, grid: tuple[Matrix, Matrix]) -> Matrix:
        values = x[:, place]
        scores = np.nan_to_num(np.interp(values, *grid)).astype(np.float32)
        if not self.knots:
            return scores[:, None]
        cuts = ndtri(np.arange(1, self.knots + 1) / (self.knots + 1)).astype(np.float32)
        return np.column_stack([scores, np.maximum(scores[:, None] - cuts, 0)])


def _varies(values: Matrix) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size and known.min() < known.max())


def _grid(values: Matrix, scaling: str) -> tuple[Matrix, Matrix]:
    """Points of a monotone map from values to scores."""
    known = values[~np.isnan(values)]
    if scaling == "standard":
        centre, spread = known.mean(), known.std() or 1.0
        ends = np.array([-FARTHEST, FARTHEST])
        return centre + spread * ends, ends
    points = np.unique(np.quantile(known, np.linspace(0, 1, QUANTILES)))
    ordered = np.sort(known)
    ranks = (np.searchsorted(ordered, points, "left") + np.searchsorted(ordered, points, "right")) / 2 / known.size
    return points, ndtri(np.clip(ranks, 0.5 / known.size, 1 - 0.5 / known.size))


def _common(codes: Matrix) -> Matrix:
    """Codes with rows enough for a column of their own, the commonest ones."""
    found, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    enough = counts >= FEWEST_ROWS
    order = np.argsort(-counts[enough], kind="stable")[:MOST_COLUMNS]
    return np.sort(found[enough][order])


def _is_many(codes: Matrix, kept: Matrix) -> bool:
    return np.unique(codes[~np.isnan(codes)]).size > max(kept.size + 5, 20)


def _one_hot(codes: Matrix, kept: Matrix) -> Matrix:
    """One column for each kept code and one for all others; a missing code is none of them."""
    columns = np.zeros((codes.size, kept.size + 1), dtype=np.float32)
    known = ~np.isnan(codes)
    place = np.searchsorted(kept, codes[known]) if kept.size else np.zeros(int(known.sum()), dtype=np.intp)
    inside = np.minimum(place, max(kept.size - 1, 0))
    hit = (kept[inside] == codes[known]) if kept.size else np.zeros(place.size, dtype=bool)
    columns[np.flatnonzero(known), np.where(hit, inside, kept.size)] = 1
    return columns
