"""Logistic regression and ridge on bounded columns; with knots, an additive model of bent lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from duetmind_adaptive.training.automl.dense import DenseInputs
from duetmind_adaptive.training.automl.families import Lesson

Matrix = NDArray[Any]

#: the solver stops here even if it has not converged: what it reached is measured as it is
MOST_STEPS = 200


class Linear:
    """Coefficients and the columns they weigh."""

    def __init__(self, inputs: DenseInputs, model: Any, classes: int) -> None:
        self.inputs = inputs
        self.model = model
        self.classes = classes

    def predict(self, x: Matrix) -> Matrix:
        """Answers of the weighted columns."""
        columns = self.inputs.transform(x)
        found = self.model.predict_proba(columns) if self.classes else self.model.predict(columns)[:, None]
        return found.astype(np.float32)


def fit(_: str, lesson: Lesson) -> Linear:
    """Fit the coefficients; `C` is the inverse strength of the ridge penalty for both."""
    params = dict(lesson.params)
    strength = float(params.pop("C"))
    inputs = DenseInputs(lesson.categories, **params)
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes)
    if lesson.classes:
        model: Any = LogisticRegression(C=strength, max_iter=MOST_STEPS, tol=1e-3, random_state=lesson.seed)
    else:
        model = Ridge(alpha=1 / strength, random_state=lesson.seed)
    return Linear(inputs, model.fit(columns, lesson.y), lesson.classes)
