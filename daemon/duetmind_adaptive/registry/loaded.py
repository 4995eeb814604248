"""A verified model, ready to answer: frames or Arrow tables in, NumPy arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.registry.manifest import Manifest
from duetmind_adaptive.training.custom_pipeline.frames import to_frame


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """Answers for rows that have at least the columns it learned from, in any order and storage type.

    Every method raises ColumnMissingError or ColumnMismatchError, naming the columns, when the data does not fit.
    """

    manifest: Manifest
    #: the scikit-learn pipeline; a classifier's classes are codes, their names are in `classes`
    pipeline: Any

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns it needs."""
        return tuple(feature.name for feature in self.manifest.features)

    @property
    def classes(self) -> NDArray[Any]:
        """The classes, in the order of the probabilities' columns; empty for regression."""
        return np.asarray(self.manifest.classes)

    def predict(self, data: pa.Table | pd.DataFrame) -> NDArray[Any]:
        """The predicted class or number of each row, shape (rows,)."""
        if self.manifest.task == "regression":
            return np.asarray(self.pipeline.predict(self._inputs(data)), dtype=np.float64)
        return self.classes[self._codes(self.predict_proba(data))]

    def predict_proba(self, data: pa.Table | pd.DataFrame) -> NDArray[np.float64]:
        """The probability of each class, shape (rows, classes).

        Raises
        ------
        TypeError
            When the model predicts numbers.
        """
        if self.manifest.task == "regression":
            raise TypeError(f"model {self.manifest.model} predicts numbers, which have no class probabilities")
        if not (data.num_rows if isinstance(data, pa.Table) else len(data)):
            return np.empty((0, len(self.manifest.classes)))
        return np.asarray(self.pipeline.predict_proba(self._inputs(data)), dtype=np.float64)

    def score(self, data: pa.Table | pd.DataFrame) -> NDArray[np.float64]:
        """What ranks rows: the second class's probability, all probabilities (multiclass), or the number itself."""
        if self.manifest.task == "regression":
            return self.predict(data)
        probabilities = self.predict_proba(data)
        return probabilities[:, 1] if self.manifest.task == "binary" else probabilities

    def answer(self, data: pa.Table | pd.DataFrame) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """`predict` and `score` for the price of one."""
        if self.manifest.task == "regression":
            prediction = self.predict(data)
            return prediction, prediction
        probabilities = self.predict_proba(data)
        score = probabilities[:, 1] if self.manifest.task == "binary" else probabilities
        return self.classes[self._codes(probabilities)], score

    def _inputs(self, data: pa.Table | pd.DataFrame) -> pd.DataFrame:
        return to_frame(data, self.features)

    def _codes(self, probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
        if self.manifest.threshold is None:
            return probabilities.argmax(axis=1)
        return (probabilities[:, 1] >= self.manifest.threshold).astype(np.intp)
