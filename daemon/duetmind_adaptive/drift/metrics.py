"""A model's metric on labelled rows, with a confidence interval: one vocabulary for checks, training and the gate.

Values equal scikit-learn's, in NumPy alone, so that a check never waits for scikit-learn's import. Conventions:

- rows whose truth or answer is missing are left out (`complete` says which), and fewer than `MINIMUM_ROWS` of the
  rest give no reading;
- classes are sorted, the positive one of a binary task is the larger; give `classes` where a window may lack some;
- `score` is P(positive) of shape (n,) or class probabilities of shape (n, k), columns in the order of the classes;
- `roc_auc` of a multiclass task is one-vs-rest, weighted by prevalence; `f1` is that of the positive class, or macro;
- what is undefined (AUC of one class, F1 without positives, R² of a constant truth) is NaN as a value and None as a
  reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.labels import Classified, classify, complete_rows
from duetmind_adaptive.drift.uncertainty import influences, uncertainty
from duetmind_adaptive.records import MetricReading
from duetmind_adaptive.stats import confusion, losses
from duetmind_adaptive.stats.roc_auc import roc_auc, roc_auc_one_vs_rest

Array = NDArray[Any]
Floats = NDArray[np.float64]

#: fewest labelled rows that give a reading
MINIMUM_ROWS = 30
#: fewest rows of each class of a binary task that give a reading of a metric that weighs classes
MINIMUM_PER_CLASS = 5

_SCORED = {"roc_auc", "log_loss"}
_PER_CLASS = {"roc_auc", "balanced_accuracy", "f1"}
_ROW_METRICS = {"accuracy", "log_loss", "mae", "rmse", "r2"}
_ERRORS = {"log_loss", "mae", "rmse"}


def higher_is_better(metric: str) -> bool:
    """Whether a larger value is the better one.

    Examples
    --------
    >>> higher_is_better("accuracy"), higher_is_better("rmse")
    (True, False)
    """
    return metric not in _ERRORS


def needs_score(metric: str) -> bool:
    """Whether the metric is computed from scores rather than from predictions."""
    return metric in _SCORED


def complete(metric: str, truth: Array, prediction: Array | None, score: Array | None) -> NDArray[np.bool_]:
    """Which rows this metric can be measured on: a metric of scores needs no prediction, and the other way round."""
    return complete_rows(truth, None, score) if needs_score(metric) else complete_rows(truth, prediction)


def metric_values(
    metric: str,
    task: str,
    *,
    truth: Array,
    prediction: Array | None,
    score: Array | None = None,
    weights: Floats,
    classes: Sequence[Any] | None = None,
) -> Floats:
    """Measure a metric under b sets of row weights at once; rows must be complete.

    Parameters
    ----------
    metric, task
        As in the configuration.
    truth, prediction
        Labels or numbers, shape (n,); `prediction` may be None for a metric of scores.
    score
        P(positive), shape (n,), or class probabilities, shape (n, k).
    weights
        Shape (b, n): ones for the metric itself, `stats.bootstrap.resample_weights` for replicates. Two models measured
        under the same weights are a paired bootstrap.
    classes
        Every class there is, ascending; default: those that occur.

    Returns
    -------
    Array of shape (b,), NaN where undefined.

    Raises
    ------
    SourceError
        Labels and predictions are of different kinds.

    Examples
    --------
    >>> truth, prediction = np.array(["no", "yes", "yes"]), np.array(["no", "no", "yes"])
    >>> metric_values("accuracy", "binary", truth=truth, prediction=prediction, weights=np.ones((1, 3))).round(3)
    array([0.667])
    """
    return _formula(metric, task, truth, prediction, score, classes=classes)(weights)


def _formula(
    metric: str,
    task: str,
    truth: Array,
    prediction: Array | None,
    score: Array | None,
    *,
    classes: Sequence[Any] | None,
) -> Callable[[Floats], Floats]:
    """Do once what does not depend on the weights; the rest is a function of them."""
    if (score if needs_score(metric) else prediction) is None:
        return _undefined
    if task == "regression":
        return partial(_from_numbers, metric, truth.astype(np.float64), cast("Array", prediction).astype(np.float64))
    if needs_score(metric):
        return partial(_from_scores, metric, task, classify(task, truth, None, score, classes))
    return partial(_from_labels, metric, task, classify(task, truth, prediction, None, classes))


def _undefined(weights: Floats) -> Floats:
    return np.full(len(weights), np.nan)


def _from_numbers(metric: str, truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    if metric == "r2":
        return losses.r2(truth, prediction, weights)
    if metric == "mae":
        return losses.weighted_mean(np.abs(truth - prediction), weights)
    return np.sqrt(losses.weighted_mean((truth - prediction) ** 2, weights))


def _from_labels(metric: str, task: str, known: Classified, weights: Floats) -> Floats:
    prediction = cast("NDArray[np.intp]", known.prediction)
    if metric == "accuracy":
        return confusion.accuracy(known.truth, prediction, weights)
    if metric == "balanced_accuracy":
        return confusion.balanced_accuracy(known.truth, prediction, known.classes, weights)
    if task != "binary":
        return confusion.f1_macro(known.truth, prediction, known.classes, weights)
    if known.classes < 2:
        return _undefined(weights)
    return confusion.f1_by_class(known.truth, prediction, known.classes, weights)[:, -1]


def _from_scores(metric: str, task: str, known: Classified, weights: Floats) -> Floats:
    if known.probabilities is None:
        return _undefined(weights)
    if metric == "log_loss":
        return losses.weighted_mean(losses.log_losses(known.truth, known.probabilities), weights)
    if task == "binary":
        return roc_auc(known.truth == 1, known.probabilities[:, 1], weights)
    return roc_auc_one_vs_rest(known.truth, known.probabilities, weights)


def metric_value(
    metric: str,
    task: str,
    truth: Array,
    prediction: Array | None,
    score: Array | None = None,
    *,
    classes: Sequence[Any] | None = None,
) -> float:
    """Measure one value on complete rows; NaN where undefined or without rows. Arguments as in `metric_values`.

    Examples
    --------
    >>> metric_value("rmse", "regression", np.array([1.0, 2.0]), np.array([1.0, 4.0])).__round__(4)
    1.4142
    """
    if not len(truth):
        return float("nan")
    weights = np.ones((1, len(truth)))
    values = metric_values(
        metric, task, truth=truth, prediction=prediction, score=score, weights=weights, classes=classes
    )
    return float(values[0])


def row_losses(
    metric: str,
    task: str,
    truth: Array,
    prediction: Array | None,
    score: Array | None = None,
    *,
    classes: Sequence[Any] | None = None,
) -> Floats | None:
    """Loss of each complete row, where the metric is (a monotone function of) their mean; None where it is not.

    Accuracy: 0 or 1; log loss: its own; MAE: absolute error; RMSE and R²: squared error. Balanced accuracy, F1 and AUC
    are no means of rows: bootstrap `metric_values` instead.

    Examples
    --------
    >>> row_losses("accuracy", "binary", np.array([0, 1]), np.array([1, 1]))
    array([1., 0.])
    """
    if metric not in _ROW_METRICS or (score if needs_score(metric) else prediction) is None:
        return None
    if task == "regression":
        errors = truth.astype(np.float64) - cast("Array", prediction).astype(np.float64)
        return np.abs(errors) if metric == "mae" else errors**2
    if metric == "accuracy":
        known = classify(task, truth, prediction, None, classes)
        return (known.truth != known.prediction).astype(np.float64)
    known = classify(task, truth, None, score, classes)
    return None if known.probabilities is None else losses.log_losses(known.truth, known.probabilities)


def measure(
    metric: str,
    task: str,
    *,
    truth: Array,
    prediction: Array | None,
    score: Array | None = None,
    confidence: float = 0.95,
    classes: Sequence[Any] | None = None,
) -> MetricReading | None:
    """Measure a metric with its interval and standard error; rows that are not complete are left out.

    Rows are taken to be in time order: those that repeat their neighbours count for less (`drift.uncertainty`).

    Parameters
    ----------
    metric, task, truth, prediction, score, classes
        As in `metric_values`; missing values are allowed here.
    confidence
        Coverage of the interval.

    Returns
    -------
    MetricReading or None
        None with fewer than `MINIMUM_ROWS` complete rows, with a class of a binary task below `MINIMUM_PER_CLASS` rows
        for a metric that weighs classes, and where the metric is undefined.

    Examples
    --------
    >>> reading = measure("accuracy", "binary", truth=np.zeros(100), prediction=np.arange(100) % 10 < 1)
    >>> reading.value, round(reading.low, 3), round(reading.high, 3), round(reading.error, 3)
    (0.9, 0.826, 0.945, 0.03)
    """
    rows = complete(metric, truth, prediction, score)
    size = int(rows.sum())
    answers, scores = (None if part is None else part[rows] for part in (prediction, score))
    if size < MINIMUM_ROWS or not _enough_of_each(metric, task, truth[rows]):
        return None
    value = metric_value(metric, task, truth[rows], answers, scores, classes=classes)
    if not np.isfinite(value):
        return None
    moved = influences(metric, task, truth[rows], answers, scores, classes=classes)
    sure = uncertainty(metric, value, moved, confidence)
    return MetricReading(
        name=metric,
        value=value,
        low=sure.low,
        high=sure.high,
        error=sure.error,
        rows=size,
        confidence=confidence,
        dependence=sure.dependence,
    )


def _enough_of_each(metric: str, task: str, truth: Array) -> bool:
    if task != "binary" or metric not in _PER_CLASS:
        return True
    counts = np.unique(classify(task, truth, None, None, None).truth, return_counts=True)[1]
    return counts.size > 1 and int(counts.min()) >= MINIMUM_PER_CLASS
