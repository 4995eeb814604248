"""What 'retrain every window' comes to: the same learner and windows, as many rows as the reference has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sklearn.pipeline import Pipeline

from duetmind_adaptive.drift.metrics import metric_value
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import Window
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.training_data import read_training_data
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import Learner, answers


def retrained_every(request: TrainRequest, windows: Sequence[Window], gap: int = 1) -> tuple[float | None, ...]:
    """The metric of each window, served by a model that was fitted after every `gap`-th window before it.

    Raises
    ------
    TrainingError
        When the model has no pipeline, or no first model can be learned.
    """
    model = request.model
    if model.pipeline is None:
        raise TrainingError(f"model {model.name} has no pipeline, so nothing here trains it; name one in the config")
    data = read_training_data(replace(request, upto_row=windows[-1].last_row))
    learner, examples = Learner(model.pipeline, model.task, data.kinds, request.seed), data.examples
    size = int((examples.rows < 0).sum())
    fitted, values = learner.fit(examples.part(0, size)), list[float | None]()
    for index, window in enumerate(windows):
        first, last = (int((examples.rows < row).sum()) for row in (window.first_row, window.last_row))
        values.append(_score(model, fitted, examples.part(first, last)))
        newest = examples.part(max(0, last - size), last)
        if index % gap == 0 and newest.teach:
            fitted = learner.fit(newest)
    return tuple(values)


def _score(model: Model, fitted: Pipeline, window: Examples) -> float | None:
    if not len(window):
        return None
    prediction, scores = answers(fitted, window)
    classes = list(window.classes) or None
    value = metric_value(model.metric, model.task, window.truth, prediction, scores, classes=classes)
    return value if math.isfinite(value) else None
