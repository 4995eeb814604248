"""What a model answers to labelled rows that it did not learn from, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from duetmind_adaptive.drift.metrics import measure, metric_value
from duetmind_adaptive.records import MetricReading
from duetmind_adaptive.registry.loaded import LoadedModel
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import answers


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a model answers to labelled rows that it did not learn from."""

    examples: Examples
    prediction: NDArray[Any]
    #: a column for each class; None for regression
    scores: NDArray[np.float64] | None

    @classmethod
    def by(cls, pipeline: Pipeline, examples: Examples) -> Shown:
        """Have the model answer."""
        return cls(examples, *answers(pipeline, examples))

    @classmethod
    def of(cls, loaded: LoadedModel, table: pa.Table, examples: Examples) -> Shown:
        """Have a model that was saved answer the raw rows of the examples.

        Raises
        ------
        ColumnMissingError, ColumnMismatchError
            When it needs other columns.
        """
        if not examples.classes.size:
            return cls(examples, loaded.predict(table), None)
        return cls(examples, loaded.predict(table), _in_order(loaded, table, examples))

    def losses(self) -> NDArray[np.float64]:
        """Squared error of the number or of the true class's probability: bounded, steadier than right or wrong."""
        target = self.examples.target
        if self.scores is None:
            return np.asarray((self.prediction - target) ** 2)
        return np.asarray((1 - self.scores[np.arange(len(self.examples)), target]) ** 2)

    def baseline(self, model: Model) -> MetricReading | None:
        """The model's metric; None on too few rows."""
        return measure(
            model.metric,
            model.task,
            truth=self.examples.truth,
            prediction=self.prediction,
            score=self.scores,
            classes=list(self.examples.classes) or None,
        )

    def metrics(self, model: Model) -> dict[str, float]:
        """The model's metric and those its pipeline's `evaluation` names, as far as they are defined."""
        if not len(self.examples):
            return {}
        wanted = (model.metric, *(model.pipeline.evaluation.metrics if model.pipeline else ()))
        regression = {"r2", "mae", "rmse"}
        fitting = [name for name in dict.fromkeys(wanted) if (name in regression) == (model.task == "regression")]
        truth, classes = self.examples.truth, list(self.examples.classes) or None
        values = {
            name: metric_value(name, model.task, truth, self.prediction, self.scores, classes=classes)
            for name in fitting
        }
        return {name: value for name, value in values.items() if np.isfinite(value)}


def _in_order(loaded: LoadedModel, table: pa.Table, examples: Examples) -> NDArray[np.float64]:
    """Its probabilities in the order of the data's classes; a class that it does not know has none."""
    given = loaded.predict_proba(table)
    order = {str(name): place for place, name in enumerate(loaded.classes.tolist())}
    columns = [
        given[:, order[str(name)]] if str(name) in order else np.zeros(len(given)) for name in examples.classes.tolist()
    ]
    return np.column_stack(columns)
