"""What a metric will come to when only the probabilities of the labels are known: its value on expected counts.

A row with probabilities p counts as p[k] rows of each class k. Accuracy and log loss are exact expectations; balanced
accuracy, F1 and AUC are the metric of the expected table, which is their expectation up to O(1/n).

Reference
---------
J. Białek et al., "Estimating model performance under covariate shift without labels" (2024), arXiv:2401.08348.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.metrics import metric_values

Floats = NDArray[np.float64]


def expected_metric(
    metric: str,
    task: str,
    probabilities: Floats,
    prediction: NDArray[np.intp],
    scores: Floats | None,
    *,
    weights: Floats | None = None,
) -> float:
    """Value a metric has on average over the labels that may come; NaN where undefined.

    Parameters
    ----------
    metric, task
        As in the configuration; a classification task.
    probabilities
        Of each class, shape (n, k), calibrated.
    prediction
        Codes of the classes answered, shape (n,).
    scores
        As the model gives them, shape (n, k), for AUC and log loss.
    weights
        How much each row counts, shape (n,); default: all alike.

    Examples
    --------
    >>> p = np.array([[0.1, 0.9], [0.8, 0.2]])
    >>> round(expected_metric("accuracy", "binary", p, np.array([1, 0]), p), 3)
    0.85
    """
    rows, classes = probabilities.shape
    score = scores if scores is None or classes > 2 else scores[:, 1]
    values = metric_values(
        metric,
        task,
        truth=np.repeat(np.arange(classes), rows),
        prediction=np.tile(prediction, classes),
        score=None if score is None else np.concatenate([score] * classes),
        weights=(probabilities if weights is None else probabilities * weights[:, np.newaxis]).T.reshape(1, -1),
        classes=list(range(classes)),
    )
    return float(values[0])
