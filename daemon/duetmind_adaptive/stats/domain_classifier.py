"""A domain classifier: how well rows of two samples can be told apart, on rows that it did not learn from, and by what.

Both samples are put on one scale of normal scores. The classifier is a penalised logistic regression on columns, their
squares and the products of pairs, of which each fold keeps those whose means differ most between its own training rows:
shifts, changes of spread and changes of correlation are what it can see. Folds are runs of neighbouring rows, because
rows that resemble their neighbours would tell across folds.

Reference
---------
D. Lopez-Paz, M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from duetmind_adaptive.stats.influence import of_roc_auc
from duetmind_adaptive.stats.long_run import design_effect
from duetmind_adaptive.stats.normal_scores import normal_scores
from duetmind_adaptive.stats.roc_auc import roc_auc

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
#: columns a and b of a term: their product, or b = -1 for column a itself
Terms = NDArray[np.intp]

FOLDS = 3
#: terms that a fold keeps
TERMS = 40
#: penalty on each coefficient, in rows, and rounds of Newton's method
_PENALTY, _ROUNDS = 10.0, 5


@dataclass(frozen=True, slots=True, eq=False)
class ToldApart:
    """What the classifier came to."""

    #: out of fold; 0.5 = the samples cannot be told apart
    auc: float
    #: of `auc`, rows that resemble their neighbours allowed for
    variance: float
    #: how much it leans on each pair of columns, shape (d, d), upper triangle, of sum 1; the diagonal: on one alone
    leans: Floats


def tell_apart(before: Floats, after: Floats) -> ToldApart:
    """Tell two samples apart.

    Parameters
    ----------
    before, after
        Shapes (n, d) and (m, d), n, m ≥ 20, rows in the order of time; NaN is missing.

    Examples
    --------
    >>> before, after = np.random.default_rng(1).normal(size=(2, 1000, 4))
    >>> round(tell_apart(before, after).auc, 1)
    0.5
    >>> after[:, 2] = after[:, 0] + after[:, 1]
    >>> told = tell_apart(before, after)
    >>> told.auc > 0.7, [tuple(map(int, pair)) for pair in np.argwhere(told.leans > 0.2)]
    (True, [(0, 2), (1, 2)])
    """
    rows = normal_scores(np.concatenate([before, after])).values
    is_after = np.arange(len(rows)) >= len(before)
    scores, leans = np.zeros(len(rows)), np.zeros((rows.shape[1], rows.shape[1]))
    for held in _folds(len(before), len(after)):
        line, terms, weights = _fit(rows[~held], is_after[~held])
        scores[held] = weights[0] + _values(rows[held], terms) @ weights[1:]
        np.add.at(leans, (terms[:, 0], np.maximum(terms[:, 1], terms[:, 0])), line)
    auc = float(roc_auc(is_after, scores, np.ones((1, len(rows))))[0])
    return ToldApart(auc, _variance(is_after, scores), leans / max(float(leans.sum()), 1e-12))


def _folds(before: int, after: int) -> Iterator[NDArray[np.bool_]]:
    fold = np.concatenate([np.arange(rows) * FOLDS // rows for rows in (before, after)])
    return (fold == each for each in range(FOLDS))


def _fit(rows: Floats, is_after: NDArray[np.bool_]) -> tuple[Floats, Terms, Floats]:
    """How far each kept term pulls apart on average, the terms, and intercept with coefficients."""
    terms = _most_telling(rows[~is_after], rows[is_after])
    values = _values(rows, terms)
    weights = _logistic(values, is_after)
    return np.abs(weights[1:]) * values.std(axis=0), terms, weights


def _most_telling(before: Floats, after: Floats) -> Terms:
    """Columns, squares and pairs whose means differ most, in deviations of a normal score's (of its square's)."""
    alone = np.abs(after.mean(axis=0) - before.mean(axis=0))
    pairs = np.abs(after.T @ after / len(after) - before.T @ before / len(before))
    pairs[np.diag_indices_from(pairs)] /= np.sqrt(2)
    a, b = np.triu_indices(len(alone))
    terms = np.column_stack([np.concatenate([np.arange(len(alone)), a]), np.concatenate([np.full(len(alone), -1), b])])
    strength = np.concatenate([alone, pairs[a, b]])
    if strength.size > TERMS:
        terms = terms[np.argpartition(-strength, TERMS)[:TERMS]]
    return terms


def _values(rows: Floats, terms: Terms) -> Floats:
    first, second = rows[:, terms[:, 0]], rows[:, np.maximum(terms[:, 1], 0)]
    return np.where(terms[:, 1] < 0, first, first * second)


def _logistic(values: Floats, hit: NDArray[np.bool_]) -> Floats:
    """Intercept and coefficients of a penalised logistic regression in which both sides weigh the same."""
    x = np.column_stack([np.ones(len(values)), values])
    share = hit.mean()
    weights = np.where(hit, 0.5 / share, 0.5 / (1 - share))
    line, penalty = np.zeros(x.shape[1]), np.full(x.shape[1], _PENALTY)
    penalty[0] = 0.0
    for _ in range(_ROUNDS):
        p = expit(x @ line)
        gradient = x.T @ (weights * (p - hit)) + penalty * line
        curvature = (x * (weights * np.maximum(p * (1 - p), 1e-6))[:, np.newaxis]).T @ x + np.diag(penalty)
        line -= np.linalg.solve(curvature, gradient)
    return line


def _variance(is_after: NDArray[np.bool_], scores: Floats) -> float:
    moved = of_roc_auc(is_after, scores)
    sides = (moved[~is_after], moved[is_after])
    return sum(float(side @ side) * design_effect(side) for side in sides) / moved.size**2
