"""scikit-learn's histogram gradient boosting: the booster that is always there."""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from duetmind_adaptive.training.automl.families import Lesson
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs

Matrix = NDArray[Any]


class HistogramTrees:
    """A booster and what it splits on."""

    def __init__(self, inputs: TreeInputs, model: Any, classes: int) -> None:
        self.inputs = inputs
        self.model = model
        self.classes = classes

    def predict(self, x: Matrix) -> Matrix:
        """Answers of all rounds."""
        columns = self.inputs.transform(x)
        found = self.model.predict_proba(columns) if self.classes else self.model.predict(columns)[:, None]
        return found.astype(np.float32)

    def staged(self, x: Matrix, rounds: list[int]) -> list[Matrix]:
        """Answers after each number of rounds; each round is walked once."""
        columns, wanted = self.inputs.transform(x), set(rounds)
        steps = self.model.staged_predict_proba(columns) if self.classes else self.model.staged_predict(columns)
        found = [step for count, step in enumerate(islice(steps, max(rounds)), 1) if count in wanted]
        return [np.asarray(step if self.classes else step[:, None], dtype=np.float32) for step in found]

    def cut(self, rounds: int) -> Self:
        """The first rounds alone."""
        model = copy.copy(self.model)
        model._predictors = model._predictors[:rounds]  # noqa: SLF001 - the rounds; there is no public way to drop some
        return type(self)(self.inputs, model, self.classes)


def fit(_: str, lesson: Lesson) -> HistogramTrees:
    """Boost for `rounds` rounds."""
    inputs = TreeInputs(lesson.categories)
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes)
    settings = {name: value for name, value in lesson.params.items() if name != "rounds"}
    settings |= {"max_iter": int(lesson.params["rounds"]), "early_stopping": False, "random_state": lesson.seed}
    if lesson.classes:
        model: Any = HistGradientBoostingClassifier(**settings)
    else:
        loss = "absolute_error" if lesson.metric == "mae" else "squared_error"
        model = HistGradientBoostingRegressor(loss=loss, **settings)
    return HistogramTrees(inputs, model.fit(columns, lesson.y), lesson.classes)
