"""scikit-learn's histogram gradient boosting: the booster that is always there.

Its trees are walked one by one with one thread. Its own `predict` opens a parallel region for each tree, whose threads
spin for cores that other processes hold: on a busy machine 1,000 rows took a second instead of milliseconds.
"""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from duetmind_adaptive.training.automl.families import Lesson
from duetmind_adaptive.training.automl.families.answers import to_answers
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs

Matrix = NDArray[Any]

#: words of a set of categories; no column is given as one
_WORDS = 8


class HistogramTrees:
    """A booster and what it splits on."""

    def __init__(self, inputs: TreeInputs, model: Any, classes: int) -> None:
        self.inputs = inputs
        self.model = model
        self.classes = classes

    def predict(self, x: Matrix) -> Matrix:
        """Answers of all rounds."""
        return self.staged(x, [len(self._trees)])[0]

    def staged(self, x: Matrix, rounds: list[int]) -> list[Matrix]:
        """Answers after each number of rounds; each round is walked once."""
        columns = np.ascontiguousarray(self.inputs.transform(x), dtype=np.float64)
        no_sets = np.zeros((0, _WORDS), dtype=np.uint32), np.zeros(columns.shape[1], dtype=np.uint32)
        raw, found = np.tile(self.model._baseline_prediction, (len(columns), 1)), list[Matrix]()  # noqa: SLF001 - see `_trees`
        for count, trees in enumerate(self._trees, 1):
            for place, tree in enumerate(trees):
                raw[:, place] += tree.predict(columns, *no_sets, 1)
            if count in rounds:
                found.append(to_answers(raw.copy(), self.classes))
        return found

    def cut(self, rounds: int) -> Self:
        """The first rounds alone."""
        model = copy.copy(self.model)
        model._predictors = self._trees[:rounds]  # noqa: SLF001 - see `_trees`
        return type(self)(self.inputs, model, self.classes)

    @property
    def _trees(self) -> list[Any]:
        """The trees of each round, one for each class beyond two; scikit-learn has no public way to them."""
        trees: list[Any] = self.model._predictors  # noqa: SLF001 - as said
        return trees


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
