"""The model that a search delivers: weighted members that answer together, calibrated, as scikit-learn estimators.

Their input is the matrix of `MatrixCoder`. A trial's members are those of its folds, each of which learned from
another part of the rows (bagging), or one that learned from all.

Reference
---------
L. Breiman, "Bagging predictors", Machine Learning 24 (1996), 123-140.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from duetmind_adaptive.training.automl.calibration import Calibration
from duetmind_adaptive.training.automl.families import Member

Matrix = NDArray[Any]


class _Blend(BaseEstimator):
    """What both kinds share; made fitted."""

    def __init__(self, members: Any = (), weights: Any = ()) -> None:
        self.members = members
        self.weights = weights

    def fit(self, X: Matrix, y: Matrix) -> Self:  # noqa: N803 - scikit-learn's names
        """A blend is the outcome of a search and is not fitted by itself: says so."""
        raise NotImplementedError("a blend comes from AutoMLOptimizer.optimize; run that on other rows")

    def __sklearn_is_fitted__(self) -> bool:
        return len(self.members) > 0

    def mean_answers(self, x: Matrix) -> Matrix:
        """The weighted mean of all members' answers, shape (n, classes) or (n, 1)."""
        x = np.asarray(x)
        total: Matrix = np.zeros(1)
        for weight, group in zip(self.weights, self.members, strict=True):
            for member in group:
                total = total + member.predict(x) * (weight / len(group))
        return total


class BlendClassifier(ClassifierMixin, _Blend):
    """Members' mean probabilities, calibrated; classes are codes from 0 on.

    Parameters
    ----------
    members : sequence of sequences of Member
        Of each trial: members that count alike.
    weights : sequence of float
        Of each trial; they sum to one.
    slope, shifts
        Of the `Calibration`.
    classes : int
        How many.
    """

    def __init__(
        self, members: Any = (), weights: Any = (), slope: float = 1.0, shifts: Any = (), classes: int = 2
    ) -> None:
        super().__init__(members, weights)
        self.slope = slope
        self.shifts = shifts
        self.classes = classes

    @property
    def classes_(self) -> Matrix:
        """The codes of the classes."""
        return np.arange(self.classes)

    def predict_proba(self, X: Matrix) -> Matrix:  # noqa: N803 - scikit-learn's name
        """Probabilities, shape (n, classes)."""
        return Calibration(self.slope, tuple(self.shifts)).apply(self.mean_answers(X))

    def predict(self, X: Matrix) -> Matrix:  # noqa: N803 - scikit-learn's name
        """Codes of the likelier classes, shape (n,)."""
        return self.predict_proba(X).argmax(axis=1)


class BlendRegressor(RegressorMixin, _Blend):
    """Members' mean numbers."""

    def predict(self, X: Matrix) -> Matrix:  # noqa: N803 - scikit-learn's name
        """Numbers, shape (n,)."""
        return self.mean_answers(X)[:, 0].astype(np.float64)


def make_blend(
    groups: Sequence[Sequence[Member]], weights: Sequence[float], classes: int, calibration: Calibration
) -> Any:
    """The estimator for these members."""
    members = [list(group) for group in groups]
    if not classes:
        return BlendRegressor(members, list(weights))
    return BlendClassifier(members, list(weights), calibration.slope, list(calibration.shifts), classes)
