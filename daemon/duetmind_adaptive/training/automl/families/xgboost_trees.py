"""XGBoost, of the extra `boosting`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.training.automl.families import Lesson
from duetmind_adaptive.training.automl.families.answers import to_answers
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs

Matrix = NDArray[Any]

#: of an extra: None where it is not installed, and then nobody asks for it
xgboost: Any = import_module("xgboost") if find_spec("xgboost") else None

_OBJECTIVES = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}


class XgboostTrees:
    """A booster and what it splits on."""

    def __init__(self, inputs: TreeInputs, booster: Any, classes: int) -> None:
        self.inputs = inputs
        self.booster = booster
        self.classes = classes

    def predict(self, x: Matrix) -> Matrix:
        """Answers of all rounds."""
        return self._after(self.inputs.transform(x), 0)

    def staged(self, x: Matrix, rounds: list[int]) -> list[Matrix]:
        """Answers after each number of rounds."""
        columns = self.inputs.transform(x)
        return [self._after(columns, count) for count in rounds]

    def cut(self, rounds: int) -> Self:
        """The first rounds alone."""
        return type(self)(self.inputs, self.booster[:rounds], self.classes)

    def _after(self, columns: Matrix, rounds: int) -> Matrix:
        raw = self.booster.inplace_predict(columns, iteration_range=(0, rounds), predict_type="margin")
        return to_answers(np.asarray(raw), self.classes)


def fit(_: str, lesson: Lesson) -> XgboostTrees:
    """Boost for `rounds` rounds."""
    inputs = TreeInputs(lesson.categories)
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes)
    settings: dict[str, Any] = {"objective": _objective(lesson), "seed": lesson.seed, "nthread": 1, "verbosity": 0}
    settings |= {"num_class": lesson.classes} if lesson.task == "multiclass" else {}
    settings |= {name: value for name, value in lesson.params.items() if name != "rounds"}
    data = xgboost.QuantileDMatrix(columns, lesson.y, nthread=1)
    booster = xgboost.train(settings, data, num_boost_round=int(lesson.params["rounds"]))
    return XgboostTrees(inputs, booster, lesson.classes)


def _objective(lesson: Lesson) -> str:
    return "reg:absoluteerror" if lesson.metric == "mae" else _OBJECTIVES[lesson.task]
