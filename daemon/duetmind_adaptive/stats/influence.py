"""Influence functions of the metrics: how much each row moves the value, as if one more of its kind had been drawn.

To first order a metric is a mean over rows, ``T ≈ T₀ + (1/n) Σ ψ(row)`` with ``Σ ψ = 0``, so that its standard error is
that of the mean of ψ: the limit of the bootstrap for infinitely many replicates (the infinitesimal jackknife), without
drawing any, and DeLong's error for the AUC. Unlike the bootstrap it keeps the rows' order, which tells how far they
repeat each other (`stats.long_run`). All functions answer with n values.

References
----------
F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69 (1974), 383-393.
B. Efron, "The jackknife, the bootstrap and other resampling plans", SIAM (1982), chapter 6.
E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
characteristic curves", Biometrics 44 (1988), 837-845.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]


def of_mean(values: Floats) -> Floats:
    """Of a mean of per-row values: accuracy, log loss, MAE.

    Examples
    --------
    >>> of_mean(np.array([1.0, 0.0]))
    array([ 0.5, -0.5])
    """
    return values - values.mean()


def of_root_mean(squares: Floats) -> Floats:
    """Of the root of a mean: RMSE from squared errors; zeros where every error is 0.

    Examples
    --------
    >>> of_root_mean(np.array([4.0, 4.0, 1.0])).round(3)
    array([ 0.289,  0.289, -0.577])
    """
    root = float(np.sqrt(squares.mean()))
    return (squares - root**2) / (2 * root) if root else np.zeros_like(squares)


def of_r2(truth: Floats, prediction: Floats) -> Floats:
    """Of ``1 - Σ (y - ŷ)² / Σ (y - ȳ)²``; the truth must vary.

    Examples
    --------
    >>> of_r2(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])).round(3)
    array([ 0.75,  0.  , -0.75])
    """
    squares, spread = (truth - prediction) ** 2, (truth - truth.mean()) ** 2
    return (squares.mean() / spread.mean() * spread - squares) / spread.mean()


def of_balanced_accuracy(truth: Codes, prediction: Codes, classes: int) -> Floats:
    """Of the mean recall of the classes that occur: each row by how it did beside its class, over the class's share.

    Examples
    --------
    >>> of_balanced_accuracy(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    array([ 0.5, -0.5,  0. ,  0. ])
    """
    right = (truth == prediction).astype(np.float64)
    support = np.bincount(truth, minlength=classes)
    recall = np.bincount(truth, weights=right, minlength=classes) / np.maximum(support, 1)
    present = np.count_nonzero(support)
    return (right - recall[truth]) * truth.size / (present * support[truth])


def of_f1(truth: Codes, prediction: Codes, code: int) -> Floats:
    """Of the F1 of one class, ``2 TP / (2 TP + FP + FN)``; zeros for a class on neither side.

    Examples
    --------
    >>> of_f1(np.array([0, 1, 1]), np.array([0, 1, 0]), 1).round(3)
    array([ 0.   ,  0.667, -0.667])
    """
    is_true, is_told = truth == code, prediction == code
    sides = is_true.astype(np.float64) + is_told
    hits = 2.0 * (is_true & is_told)
    if not sides.any():
        return sides
    return (hits - hits.sum() / sides.sum() * sides) / sides.mean()


def of_f1_macro(truth: Codes, prediction: Codes) -> Floats:
    """Of the plain mean of F1 over the classes that occur on either side.

    Examples
    --------
    >>> of_f1_macro(np.array([0, 1, 1]), np.array([0, 1, 0])).round(3)
    array([ 0.333,  0.333, -0.667])
    """
    present = np.union1d(truth, prediction)
    return np.sum([of_f1(truth, prediction, int(code)) for code in present], axis=0) / present.size


def of_roc_auc(positive: NDArray[np.bool_], score: Floats) -> Floats:
    """Of the AUC: each row by the share of the other class that it beats (ties by half), over its class's share.

    Both classes must occur.

    Examples
    --------
    >>> of_roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    array([ 0.5, -0.5, -0.5,  0.5])
    """
    beaten = np.empty(score.size)
    above, below = np.sort(score[positive]), np.sort(score[~positive])
    beaten[positive] = _share_below(below, score[positive])
    beaten[~positive] = 1 - _share_below(above, score[~positive])
    share = positive.mean()
    return of_mean_within(beaten, positive) / np.where(positive, share, 1 - share)


def of_mean_within(values: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Values less the mean of their own class.

    Examples
    --------
    >>> of_mean_within(np.array([1.0, 3.0, 5.0]), np.array([True, True, False]))
    array([-1.,  1.,  0.])
    """
    return values - np.where(positive, values[positive].mean(), values[~positive].mean())


def of_roc_auc_one_vs_rest(truth: Codes, score: Floats) -> Floats:
    """Of the AUC of each class against all others, averaged by the classes' share; two classes must occur.

    Examples
    --------
    >>> score = np.array([[0.6, 0.4], [0.7, 0.3], [0.5, 0.5], [0.8, 0.2]])
    >>> of_roc_auc_one_vs_rest(np.array([0, 0, 1, 1]), score)
    array([ 0.,  0.,  1., -1.])
    """
    total, influence = 0.0, np.zeros(truth.size)
    for code in np.unique(truth):
        positive, column = truth == code, score[:, code]
        share = positive.mean()
        area = float(_share_below(np.sort(column[~positive]), column[positive]).mean())
        influence += share * of_roc_auc(positive, column) + positive * area
        total += share * area
    return influence - total


def _share_below(ascending: Floats, values: Floats) -> Floats:
    places = np.searchsorted(ascending, values, "left") + np.searchsorted(ascending, values, "right")
    return places / (2 * ascending.size)
