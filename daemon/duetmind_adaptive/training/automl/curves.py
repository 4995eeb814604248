"""What the report draws of answers to rows that were not learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.training.automl.scoring import decide

Matrix = NDArray[Any]
#: x and y of a line
Line = tuple[list[float], list[float]]

#: points of a line at most, bins of a calibration, and dots of residuals
POINTS, BINS, DOTS = 120, 10, 400
#: classes that have a line of their own
MOST_CLASSES = 6


def curves(
    task: str, truth: Matrix, answers: Matrix, classes: tuple[Any, ...], threshold: float | None
) -> dict[str, Any]:
    """Plain values for the page, by what they show.

    Parameters
    ----------
    task
        `binary`, `multiclass` or `regression`.
    truth, answers
        Codes or numbers, and what the model said out of fold.
    classes
        Names of the codes.
    threshold
        From which the second class of two is answered.
    """
    if task == "regression":
        return {"residuals": _residuals(truth, answers[:, 0])}
    shown = [1] if len(classes) == 2 else list(np.argsort(-np.bincount(truth, minlength=len(classes)))[:MOST_CLASSES])
    named = {str(classes[code]): (truth == code, answers[:, code]) for code in shown}
    return {
        "roc": {name: roc_line(*both) for name, both in named.items()},
        "precision_recall": {name: precision_line(*both) for name, both in named.items()},
        "calibration": {name: calibration_line(*both) for name, both in named.items()},
        "confusion": {
            "classes": [str(name) for name in classes],
            "counts": confusion(truth, decide(answers, threshold), len(classes)).tolist(),
        },
    }


def roc_line(positive: NDArray[np.bool_], values: Matrix) -> Line:
    """False positive rate and true positive rate at falling thresholds.

    >>> roc_line(np.array([True, False]), np.array([0.9, 0.1]))
    ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0])
    """
    hits, misses = _counts(positive, values)
    return _thin(misses / max(misses[-1], 1), hits / max(hits[-1], 1))


def precision_line(positive: NDArray[np.bool_], values: Matrix) -> Line:
    """Recall and precision at falling thresholds."""
    hits, misses = (part[1:] for part in _counts(positive, values))
    return _thin(hits / max(hits[-1], 1), hits / np.maximum(hits + misses, 1))


def calibration_line(positive: NDArray[np.bool_], values: Matrix) -> Line:
    """Mean probability and share of positives in bins of as many rows each."""
    order = np.argsort(values, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if part.size]
    return [float(values[part].mean()) for part in parts], [float(positive[part].mean()) for part in parts]


def confusion(truth: Matrix, predicted: Matrix, classes: int) -> NDArray[np.intp]:
    """Rows of each class (down) that were called each class (across).

    >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def _residuals(truth: Matrix, predicted: Matrix) -> Line:
    rows = np.random.default_rng(0).permutation(len(truth))[:DOTS]
    return [float(value) for value in predicted[rows]], [float(value) for value in (truth - predicted)[rows]]


def _counts(positive: NDArray[np.bool_], values: Matrix) -> tuple[Matrix, Matrix]:
    """Positives and negatives at or above each threshold, from none on; rows that tie come together."""
    order = np.argsort(-values, kind="stable")
    last = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    hits, misses = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    return np.append(0, hits), np.append(0, misses)


def _thin(x: Matrix, y: Matrix) -> Line:
    places = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
    return [float(value) for value in x[places]], [float(value) for value in y[places]]
