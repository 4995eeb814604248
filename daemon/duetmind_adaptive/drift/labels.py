"""Labels as they come (numbers, booleans, words, some missing) turned into class codes.

Classes are sorted, and the positive one of a binary task is the larger. A window may lack a class: then `classes` must
name them all, or scores cannot be told apart; 0 and 1 (and false and true) are understood without.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.errors import SourceError

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """Labels as codes into the sorted classes."""

    truth: NDArray[np.intp]
    prediction: NDArray[np.intp] | None
    #: shape (n, k), a column for each class; None without scores, or with scores of other classes
    probabilities: Floats | None
    classes: int


def _present(values: Array) -> NDArray[np.bool_]:
    if values.dtype.kind == "O":
        return np.array(
            [not (value is None or (isinstance(value, float) and math.isnan(value))) for value in values.tolist()],
            dtype=np.bool_,
        )
    if values.dtype.kind in "fc":
        return ~np.isnan(values)
    return np.ones(len(values), dtype=np.bool_)


def complete_rows(truth: Array, prediction: Array | None = None, score: Array | None = None) -> NDArray[np.bool_]:
    """Which rows can be measured: those with a truth and with every answer that is given, None and NaN being missing.

    Examples
    --------
    >>> complete_rows(np.array([1.0, np.nan, 0.0]), np.array([1, 1, 0]))
    array([ True, False,  True])
    """
    complete = _present(truth)
    if prediction is not None:
        complete &= _present(prediction)
    if score is not None:
        known = np.isfinite(np.asarray(score, dtype=np.float64))
        complete &= known if known.ndim == 1 else known.all(axis=1)
    return complete


def classify(
    task: str, truth: Array, prediction: Array | None, score: Array | None, classes: Sequence[Any] | None
) -> Classified:
    """Encode complete rows; arguments as in `metrics.metric_values`.

    Raises
    ------
    SourceError
        Labels and predictions are of different kinds.

    Examples
    --------
    >>> known = classify("binary", np.array(["yes", "no"]), np.array(["yes", "yes"]), np.array([0.9, 0.6]), None)
    >>> known.truth, known.prediction, known.probabilities[:, 1]
    (array([1, 0]), array([1, 1]), array([0.9, 0.6]))
    """
    given = [_labels(part) for part in (truth, prediction) if part is not None]
    if len({part.dtype.kind in "biuf" for part in given}) > 1:
        raise SourceError("Labels are numbers and predictions words, or the other way round: store both as one type.")
    known = _classes(task, given, classes)
    codes = [np.searchsorted(known, part) for part in given]
    return Classified(
        truth=codes[0],
        prediction=codes[1] if len(codes) > 1 else None,
        probabilities=_probabilities(score, known.size),
        classes=known.size,
    )


def _labels(values: Array) -> Array:
    return np.array(values.tolist()) if values.dtype.kind == "O" else values


def _classes(task: str, given: Sequence[Array], classes: Sequence[Any] | None) -> Array:
    named = [] if classes is None else [np.array(list(classes))]
    known = np.unique(np.concatenate([*given, *named]))
    if task == "binary" and known.size == 1 and known.dtype.kind in "biuf" and known[0] in (0, 1):
        return np.array([0, 1])
    return known


def _probabilities(score: Array | None, classes: int) -> Floats | None:
    if score is None:
        return None
    scores = np.asarray(score, dtype=np.float64)
    matrix = np.column_stack([1 - scores, scores]) if scores.ndim == 1 else scores
    return matrix if matrix.shape[1] == classes else None
