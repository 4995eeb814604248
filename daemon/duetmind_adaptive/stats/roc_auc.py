"""Area under the ROC curve: how likely a positive scores above a negative, ties counting half.

Formula: ``AUC = P(s⁺ > s⁻) + ½ P(s⁺ = s⁻)``, the Mann–Whitney U over the number of pairs. Under row weights each pair
counts by the product of its weights, as in scikit-learn. Undefined (NaN) while one of the two classes has no weight.

Reference
---------
J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982), 29-36.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def roc_auc(positive: NDArray[np.bool_], score: Floats, weights: Floats) -> Floats:
    """AUC of one binary scoring under b sets of row weights.

    Parameters
    ----------
    positive
        Which rows are positive, shape (n,).
    score
        Finite, larger = more likely positive, shape (n,).
    weights
        Shape (b, n); ones give the AUC itself, bootstrap counts its replicates.

    Returns
    -------
    Array of shape (b,).

    Examples
    --------
    >>> roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones((1, 4)))
    array([0.75])
    """
    by_row = weights.T
    negatives = np.flatnonzero(~positive)
    negatives = negatives[np.argsort(score[negatives], kind="stable")]
    below = np.zeros((negatives.size + 1, len(weights)))
    np.cumsum(by_row[negatives], axis=0, out=below[1:])
    lower = np.searchsorted(score[negatives], score[positive], side="left")
    upper = np.searchsorted(score[negatives], score[positive], side="right")
    hits = by_row[positive]
    wins = np.einsum("ij,ij->j", hits, below[lower] + below[upper]) / 2
    pairs = hits.sum(axis=0) * below[-1]
    return np.divide(wins, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)


def roc_auc_one_vs_rest(truth: NDArray[np.intp], score: Floats, weights: Floats) -> Floats:
    """Multiclass AUC: each class against all others, averaged by the classes' weight in the truth.

    A class without rows has no weight in the average; a replicate with one class only is undefined.

    Parameters
    ----------
    truth
        Class codes, shape (n,); code j belongs to column j of `score`.
    score
        Shape (n, k).
    weights
        Shape (b, n).

    Examples
    --------
    >>> score = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1]])
    >>> roc_auc_one_vs_rest(np.array([0, 1, 2, 0]), score, np.ones((1, 4)))
    array([1.])
    """
    total, mass = np.zeros(len(weights)), np.zeros(len(weights))
    for code in range(score.shape[1]):
        positive = truth == code
        if not positive.any():
            continue
        support = weights @ positive.astype(np.float64)
        area = roc_auc(positive, score[:, code], weights)
        total += np.where(support > 0, support * area, 0.0)
        mass += support
    return np.divide(total, mass, out=np.full(len(weights), np.nan), where=mass > 0)
