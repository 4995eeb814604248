"""LightGBM, of the extra `boosting`: its own booster, whose saved form is text and small."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.training.automl.families import Lesson
from duetmind_adaptive.training.automl.families.answers import to_answers
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs

Matrix = NDArray[Any]

#: of an extra: None where it is not installed, and then nobody asks for it
lightgbm: Any = import_module("lightgbm") if find_spec("lightgbm") else None

_OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
_QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "bagging_freq": 1}
#: our own, not LightGBM's
_OURS = ("rounds", "categories")


class LightgbmTrees:
    """A booster and what it splits on."""

    def __init__(self, inputs: TreeInputs, booster: Any, classes: int) -> None:
        self.inputs = inputs
        self.booster = booster
        self.classes = classes

    def predict(self, x: Matrix) -> Matrix:
        """Answers of all rounds."""
        return to_answers(self._raw(self.inputs.transform(x)), self.classes)

    def staged(self, x: Matrix, rounds: list[int]) -> list[Matrix]:
        """Answers after each number of rounds; each round is walked once."""
        columns = self.inputs.transform(x)
        raw, before, found = np.float64(0), 0, list[Matrix]()
        for count in rounds:
            raw = raw + self._raw(columns, start_iteration=before, num_iteration=count - before)
            before = count
            found.append(to_answers(np.asarray(raw), self.classes))
        return found

    def cut(self, rounds: int) -> Self:
        """The first rounds alone."""
        text = self.booster.model_to_string(num_iteration=rounds)
        return type(self)(self.inputs, lightgbm.Booster(model_str=text), self.classes)

    def _raw(self, columns: Matrix, **part: int) -> Matrix:
        return np.asarray(self.booster.predict(columns, raw_score=True, num_threads=1, **cast("Any", part)))


def fit(_: str, lesson: Lesson) -> LightgbmTrees:
    """Boost for `rounds` rounds."""
    native = lesson.params.get("categories") == "native"
    inputs = TreeInputs(lesson.categories, "codes" if native else "target")
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes)
    data = lightgbm.Dataset(
        columns,
        lesson.y,
        categorical_feature=inputs.codes if native else [],
        params={"verbosity": -1, "min_data_in_bin": 3},
        free_raw_data=True,
    )
    settings = {**_QUIET, "objective": _objective(lesson), "seed": lesson.seed}
    settings |= {"num_class": lesson.classes} if lesson.task == "multiclass" else {}
    settings |= {name: value for name, value in lesson.params.items() if name not in _OURS}
    booster = lightgbm.train(settings, data, num_boost_round=int(lesson.params["rounds"]))
    booster.free_dataset()
    return LightgbmTrees(inputs, booster, lesson.classes)


def _objective(lesson: Lesson) -> str:
    return "regression_l1" if lesson.metric == "mae" else _OBJECTIVES[lesson.task]
