"""Random forests and extremely randomised trees, grown small enough to be served."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import ensemble

from duetmind_adaptive.training.automl.families import Lesson
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs

Matrix = NDArray[Any]

TREES = 100


class Forest:
    """Trees and what they split on."""

    def __init__(self, inputs: TreeInputs, model: Any, classes: int) -> None:
        self.inputs = inputs
        self.model = model
        self.classes = classes

    def predict(self, x: Matrix) -> Matrix:
        """Mean answers of the trees."""
        columns = self.inputs.transform(x).astype(np.float32)
        found = self.model.predict_proba(columns) if self.classes else self.model.predict(columns)[:, None]
        return found.astype(np.float32)


def fit(algorithm: str, lesson: Lesson) -> Forest:
    """Grow the trees."""
    inputs = TreeInputs(lesson.categories)
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes).astype(np.float32)
    kind = "Classifier" if lesson.classes else "Regressor"
    name = "RandomForest" if algorithm == "random_forest" else "ExtraTrees"
    settings = {"n_estimators": TREES, "n_jobs": 1, "random_state": lesson.seed, **lesson.params}
    model = getattr(ensemble, name + kind)(**settings)
    return Forest(inputs, model.fit(columns, lesson.y), lesson.classes)
