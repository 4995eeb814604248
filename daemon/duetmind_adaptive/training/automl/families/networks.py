"""The neural family: perceptrons whose depth and width are searched; each layer is half as wide as the one before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier, MLPRegressor

from duetmind_adaptive.training.automl.dense import DenseInputs
from duetmind_adaptive.training.automl.families import Lesson

Matrix = NDArray[Any]

NARROWEST = 4
BATCHES = (32, 256)


class Network:
    """A network, its columns, and the scale of its target."""

    def __init__(self, inputs: DenseInputs, model: Any, classes: int, centre: float = 0.0, spread: float = 1.0) -> None:
        self.inputs = inputs
        self.model = model
        self.classes = classes
        self.centre = centre
        self.spread = spread

    def predict(self, x: Matrix) -> Matrix:
        """Answers of the output layer."""
        columns = self.inputs.transform(x)
        if self.classes:
            return self.model.predict_proba(columns).astype(np.float32)
        return (self.model.predict(columns)[:, None] * self.spread + self.centre).astype(np.float32)


def fit(_: str, lesson: Lesson) -> Network:
    """Train for `epochs` passes."""
    params = dict(lesson.params)
    inputs = DenseInputs(lesson.categories, scaling=str(params.pop("scaling", "quantile")))
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes)
    width, depth, epochs = (int(params.pop(name)) for name in ("width", "depth", "epochs"))
    settings: dict[str, Any] = {
        "hidden_layer_sizes": tuple(max(width >> layer, NARROWEST) for layer in range(depth)),
        "max_iter": epochs,
        "batch_size": int(np.clip(len(columns) // 100, *BATCHES)),
        "random_state": lesson.seed,
        "tol": 0.0,
        "n_iter_no_change": epochs + 1,
        **params,
    }
    if lesson.classes:
        return Network(inputs, MLPClassifier(**settings).fit(columns, lesson.y), lesson.classes)
    centre, spread = float(lesson.y.mean()), float(lesson.y.std()) or 1.0
    model = MLPRegressor(**settings).fit(columns, (lesson.y - centre) / spread)
    return Network(inputs, model, 0, centre, spread)
