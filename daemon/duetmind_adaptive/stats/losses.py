"""Per-row losses and the coefficient of determination, the building bricks of the remaining metrics.

A metric that is a mean of per-row losses can be compared between two models row by row, which is far sharper than
comparing two means. Equal to scikit-learn's definitions.

Reference
---------
T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007), 359-378.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)


def log_losses(truth: NDArray[np.intp], probabilities: Floats) -> Floats:
    """``-ln p(true class)`` of each row, probabilities clipped to [2.2e-16, 1 - 2.2e-16].

    Parameters
    ----------
    truth
        Class codes, shape (n,); code j belongs to column j of `probabilities`.
    probabilities
        Shape (n, k).

    Examples
    --------
    >>> log_losses(np.array([1, 0]), np.array([[0.5, 0.5], [0.75, 0.25]])).round(4)
    array([0.6931, 0.2877])
    """
    chosen = probabilities[np.arange(truth.size), truth]
    return -np.log(np.clip(chosen, _EPSILON, 1 - _EPSILON))


def weighted_mean(values: Floats, weights: Floats) -> Floats:
    """Mean of per-row values under b sets of weights, shape (b,); NaN where the weights are all zero.

    Examples
    --------
    >>> weighted_mean(np.array([1.0, 3.0]), np.array([[1.0, 1.0], [3.0, 1.0]]))
    array([2. , 1.5])
    """
    total = weights.sum(axis=1)
    return np.divide(weights @ values, total, out=np.full(len(weights), np.nan), where=total > 0)


def r2(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """``1 - Σ w (y - ŷ)² / Σ w (y - ȳ)²`` under b sets of weights; NaN where the truth is constant.

    Examples
    --------
    >>> r2(np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0]), np.ones((1, 4))).round(4)
    array([0.9486])
    """
    centred = truth - truth.mean()
    residual = weights @ (truth - prediction) ** 2
    total = weights.sum(axis=1)
    spread = weights @ centred**2 - np.divide(
        (weights @ centred) ** 2, total, out=np.zeros_like(total), where=total > 0
    )
    floor = 1e-12 * (weights @ centred**2)
    return 1 - np.divide(residual, spread, out=np.full_like(residual, np.nan), where=spread > floor)
