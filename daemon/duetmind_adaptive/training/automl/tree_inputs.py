"""What trees learn from: numbers as they are, missing ones too, and categories as codes, as target means, or both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.training.automl.target_means import TargetMeans

Matrix = NDArray[Any]

#: a code with fewer learning rows counts as missing: a split on it would be chance
FEWEST_ROWS = 5
#: columns with more categories are not given as codes, whose order says nothing
MOST_CODES = 24


class TreeInputs:
    """Turns the coded matrix into what a tree splits on.

    Parameters
    ----------
    categories
        Positions of the columns that hold codes.
    encoding
        `codes`: as they are, for learners that split on sets of codes. `target`: smoothed target means, and codes
        beside them where there are few.
    """

    def __init__(self, categories: list[int], encoding: str = "target") -> None:
        self.categories = categories
        self.encoding = encoding

    def fit_transform(self, x: Matrix, y: Matrix, classes: int) -> Matrix:
        """Learn from these rows and give their columns, shape (n, columns)."""
        self.common_ = [_common(x[:, place]) for place in self.categories]
        many = [place for place in self.categories if self.encoding == "target" and _different(x[:, place]) > 2]
        few = {place for place in self.categories if _different(x[:, place]) <= MOST_CODES}
        dropped = set(many) - few
        self.kept_ = [place for place in range(x.shape[1]) if place not in dropped]
        self.means_ = TargetMeans(many)
        return self._columns(x, self.means_.fit_transform(x, y, classes))

    def transform(self, x: Matrix) -> Matrix:
        """The columns of other rows."""
        return self._columns(x, self.means_.transform(x))

    @property
    def codes(self) -> list[int]:
        """Positions of the columns of `transform` that hold codes."""
        return [at for at, place in enumerate(self.kept_) if place in set(self.categories)]

    def _columns(self, x: Matrix, means: Matrix) -> Matrix:
        if not self.categories:
            return x
        plain = x.copy()
        for place, common in zip(self.categories, self.common_, strict=True):
            plain[:, place] = _only(x[:, place], common)
        plain = plain[:, self.kept_]
        return np.concatenate([plain, means], axis=1) if means.shape[1] else plain


def _different(codes: Matrix) -> int:
    return np.unique(codes[~np.isnan(codes)]).size


def _common(codes: Matrix) -> Matrix:
    """Whether a code has rows enough, by code."""
    known = codes[~np.isnan(codes)].astype(np.intp)
    return np.bincount(known, minlength=1) >= FEWEST_ROWS


def _only(codes: Matrix, common: Matrix) -> Matrix:
    place = np.nan_to_num(codes, nan=-1).astype(np.intp)
    known = (place >= 0) & (place < common.size)
    known[known] = common[place[known]]
    return np.where(known, codes, np.nan)
