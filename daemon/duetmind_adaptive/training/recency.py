"""Weights for rows that grow less true with age: after a gradual change old rows still teach, but less than new ones.

A row's weight halves every so many windows. How many is tried out, as spans are (`training.spans`), and weights are
used only where their held-out losses are clearly lower than those of the span chosen without them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

Floats = NDArray[np.float64]

#: in windows
HALF_LIVES = (2, 8)
#: steps of a flat pipeline; with fewer the learner stands inside estimators that take rows apart
FLAT = 3
WEIGHT = "sample_weight"


def recency_weights(rows: int, half_life: int) -> Floats:
    """Weights of rows in the order of time, of mean 1; the newest weighs most, one `half_life` rows older half of it.

    Examples
    --------
    >>> weights = recency_weights(5, 2)
    >>> float(weights.mean().round(12)), float((weights[4] / weights[2]).round(12))
    (1.0, 2.0)
    """
    weights = np.exp2((np.arange(rows) - rows + 1) / half_life)
    return np.asarray(weights * (rows / weights.sum()))


def takes_weights(pipeline: Pipeline) -> bool:
    """Whether the learner at the end of the pipeline weighs rows, and nothing stands around it that does not.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> before = [("cast", "passthrough"), ("columns", "passthrough")]
    >>> [takes_weights(Pipeline([*before, ("model", m)])) for m in (LogisticRegression(), KNeighborsClassifier())]
    [True, False]
    """
    return len(pipeline.steps) >= FLAT and has_fit_parameter(pipeline.steps[-1][1], WEIGHT)


def as_fit_parameter(pipeline: Pipeline, weights: Floats | None) -> dict[str, Any]:
    """What `fit` of the pipeline takes, so that its last step gets the weights."""
    return {} if weights is None else {f"{pipeline.steps[-1][0]}__{WEIGHT}": weights}
