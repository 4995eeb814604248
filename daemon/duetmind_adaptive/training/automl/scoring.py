"""How good answers are: the metric that users asked for, and the smoother objective that ensembles are chosen by.

Answers are probabilities of shape (n, k), columns in the order of the classes, or numbers of shape (n, 1). Everything
here is NumPy alone: the process that leads the search never imports scikit-learn. Values equal `drift.metrics`', which
serves checks; these are quick enough to be asked thousands of times during a selection.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.metrics import higher_is_better, metric_value

Floats = NDArray[Any]

CLASS_METRICS = ("roc_auc", "accuracy", "f1", "balanced_accuracy", "log_loss")
NUMBER_METRICS = ("r2", "mae", "rmse")
#: weight of the log loss beside a metric that sees only the order or the side of probabilities
SMOOTHNESS = 0.05
#: a probability is never taken to be smaller
TINY = 1e-7


def score(metric: str, task: str, truth: Floats, answers: Floats, threshold: float | None = None) -> float:
    """The metric's value; NaN where it is undefined.

    Parameters
    ----------
    metric, task
        As in the configuration.
    truth
        Class codes or numbers, shape (n,).
    answers
        Shape (n, k) or (n, 1).
    threshold
        Of the second class of a binary task; None: the likelier class.

    Examples
    --------
    >>> answers = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]])
    >>> score("accuracy", "binary", np.array([0, 1, 1]), answers).__round__(3)
    0.667
    >>> score("accuracy", "binary", np.array([0, 1, 1]), answers, threshold=0.15)
    1.0
    """
    if task == "regression":
        return metric_value(metric, task, truth, answers[:, 0].astype(np.float64))
    classes = list(range(answers.shape[1]))
    if metric == "roc_auc":
        return area(truth, answers)
    known = answers.astype(np.float64)
    known /= known.sum(axis=1, keepdims=True)
    return metric_value(metric, task, truth, decide(answers, threshold), known, classes=classes)


def decide(answers: Floats, threshold: float | None) -> NDArray[np.intp]:
    """Codes of the predicted classes, shape (n,)."""
    return answers.argmax(axis=1) if threshold is None else (answers[:, 1] >= threshold).astype(np.intp)


def area(truth: Floats, answers: Floats) -> float:
    """ROC AUC; with more than two classes one against the rest, weighted by prevalence.

    Examples
    --------
    >>> area(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """
    if answers.shape[1] == 2:
        return _binary_area(truth == 1, answers[:, 1])
    counts = np.bincount(truth, minlength=answers.shape[1])
    there = np.flatnonzero((counts > 0) & (counts < truth.size))
    if not there.size:
        return float("nan")
    areas = [_binary_area(truth == code, answers[:, code]) for code in there]
    return float(np.average(areas, weights=counts[there]))


def _binary_area(positive: NDArray[np.bool_], values: Floats) -> float:
    """Sorts both sides apart; what ties counts half."""
    above, below = np.sort(values[positive]), np.sort(values[~positive])
    if not above.size or not below.size:
        return float("nan")
    wins = np.searchsorted(below, above, side="left").sum() + np.searchsorted(below, above, side="right").sum()
    return float(wins / 2 / above.size / below.size)


def mean_log_loss(truth: Floats, answers: Floats) -> float:
    """Mean negative logarithm of the probability of what happened."""
    found = answers[np.arange(truth.size), truth] / answers.sum(axis=1)
    return float(-np.log(np.clip(found, TINY, 1)).mean())


def gain(metric: str, task: str, truth: Floats, answers: Floats) -> float:
    """What a selection maximises: the metric, larger being better, and some of the log loss.

    Metrics of the threshold (accuracy, F1) jump from row to row, and AUC is blind to calibration: the log loss beside
    them prefers, among answers that are as good, those that are sharper and better calibrated.
    """
    value = score(metric, task, truth, answers)
    value = value if higher_is_better(metric) else -value
    if task == "regression" or metric == "log_loss":
        return value
    return value - SMOOTHNESS * mean_log_loss(truth, answers)
