"""The model that a search found, answering as the data is written: classes by their names, with its threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.training.automl.problem import as_codes
from duetmind_adaptive.training.automl.scoring import decide, score

Matrix = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Predictor:
    """A fitted pipeline and what its codes mean."""

    #: made when it is first needed: it loads scikit-learn
    packed: bytes
    #: in the order of the probabilities' columns; empty for regression
    classes: tuple[Any, ...]
    task: str
    threshold: float | None = None

    @cached_property
    def pipeline(self) -> Any:
        """The scikit-learn pipeline: frame in, codes and probabilities out."""
        import pickle  # noqa: PLC0415 - at its place of use

        return pickle.loads(self.packed)  # noqa: S301 - made by our own worker

    def predict(self, frame: Any) -> Matrix:
        """Class or number of each row, shape (n,)."""
        if not self.classes:
            return self.pipeline.predict(frame)
        return np.asarray(self.classes, dtype=self._dtype)[decide(self.predict_proba(frame), self.threshold)]

    def predict_proba(self, frame: Any) -> Matrix:
        """Probability of each class, shape (n, classes)."""
        if not self.classes:
            raise TypeError("this model predicts numbers, which have no class probabilities")
        return self.pipeline.predict_proba(frame)

    def score(self, frame: Any, truth: Iterable[Any], metric: str) -> float:
        """The metric on these rows."""
        if not self.classes:
            return score(metric, self.task, np.asarray(truth, dtype=np.float64), self.predict(frame)[:, None])
        codes = as_codes(truth, {name: code for code, name in enumerate(self.classes)})
        return score(metric, self.task, codes, self.predict_proba(frame), self.threshold)

    @property
    def _dtype(self) -> Any:
        return object if len({type(name) for name in self.classes}) > 1 else None
