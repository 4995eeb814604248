"""Metrics of a confusion table under row weights: accuracy, balanced accuracy and F1.

Labels come as codes ``0 … k-1``. Each function takes `weights` of shape (b, n) and answers b values: a matrix of ones
gives the metric itself, bootstrap counts give its replicates. Equal to scikit-learn's values with `sample_weight`.
What is undefined (no row, no positive anywhere) is NaN.

References
----------
K. H. Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR (2010), 3121-3124.
C. J. van Rijsbergen, "Information Retrieval", 2nd ed., Butterworths (1979), chapter 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def class_sums(weights: Floats, codes: Codes, classes: int) -> Floats:
    """Total weight of each class, shape (b, classes).

    Examples
    --------
    >>> class_sums(np.ones((1, 4)), np.array([2, 0, 2, 2]), classes=3)
    array([[1., 0., 3.]])
    """
    sums = np.zeros((classes, weights.shape[0]))
    if codes.size:
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        sums[present] = np.add.reduceat(weights.T[order], starts, axis=0)
    return sums.T


def accuracy(truth: Codes, prediction: Codes, weights: Floats) -> Floats:
    """Share of rows answered rightly.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.ones((1, 4)))
    array([0.75])
    """
    return _ratio(weights @ (truth == prediction).astype(np.float64), weights.sum(axis=1))


def balanced_accuracy(truth: Codes, prediction: Codes, classes: int, weights: Floats) -> Floats:
    """Mean recall of the classes that occur in the truth.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), 2, np.ones((1, 4)))
    array([0.5])
    """
    right = truth == prediction
    support = class_sums(weights, truth, classes)
    recall = _ratio(class_sums(weights[:, right], truth[right], classes), support)
    present = support > 0
    return _ratio(np.where(present, recall, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))


def f1_by_class(truth: Codes, prediction: Codes, classes: int, weights: Floats) -> Floats:
    """``2 TP / (2 TP + FP + FN)`` of each class, shape (b, classes); NaN for a class that occurs on neither side.

    Examples
    --------
    >>> f1_by_class(np.array([0, 1, 1]), np.array([0, 1, 0]), 2, np.ones((1, 3))).round(3)
    array([[0.667, 0.667]])
    """
    right = truth == prediction
    hits = class_sums(weights[:, right], truth[right], classes)
    return _ratio(2 * hits, class_sums(weights, truth, classes) + class_sums(weights, prediction, classes))


def f1_macro(truth: Codes, prediction: Codes, classes: int, weights: Floats) -> Floats:
    """Plain mean of F1 over the classes that occur in the truth or the prediction.

    Examples
    --------
    >>> f1_macro(np.array([0, 1, 2]), np.array([0, 1, 1]), 3, np.ones((1, 3))).round(4)
    array([0.5556])
    """
    scores = f1_by_class(truth, prediction, classes, weights)
    defined = np.isfinite(scores)
    return _ratio(np.where(defined, scores, 0.0).sum(axis=1), defined.sum(axis=1).astype(np.float64))
