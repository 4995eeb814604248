"""Scores turned into probabilities that held on labelled rows: the best of three maps, chosen on rows it did not see.

The maps, for one score s in [0, 1]: s itself; Platt's ``σ(a + b logit s)``, whose two numbers a few dozen rows can
tell; and isotonic regression, which follows any monotone curve once there are rows enough. Each is fitted to all folds
but one and judged by the log loss of that one. Several classes are calibrated one against the rest and scaled to sum
to one.

References
----------
J. C. Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin Classifiers (1999), 61-74.
B. Zadrozny, C. Elkan, "Transforming classifier scores into accurate multiclass probability estimates", KDD 2002.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]

#: no probability is nearer to 0 or 1 than this: a finite hold-out cannot know that something never happens
EDGE = 1e-3
#: folds that choose the map, steps of an isotonic curve at most, and rounds of Newton's method
FOLDS, STEPS, ROUNDS = 5, 100, 12
#: prior weight that draws Platt's line to the identity, in rows
_PRIOR_ROWS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Calibrator:
    """One curve for each class; of two classes the second's, of which the first's is the complement."""

    curves: tuple[Curve, ...]

    def __call__(self, scores: Floats) -> Floats:
        """Probabilities of each class, shape (n, k), for scores of that shape."""
        if len(self.curves) == 1:
            positive = self.curves[0](scores[:, 1])
            return np.column_stack([1 - positive, positive])
        each = np.column_stack([curve(scores[:, place]) for place, curve in enumerate(self.curves)])
        return each / each.sum(axis=1, keepdims=True)


def fit_calibrator(scores: Floats, truth: NDArray[np.intp], weights: Floats | None = None) -> Calibrator:
    """Learn what scores meant.

    Parameters
    ----------
    scores
        Of each class, shape (n, k), k ≥ 2.
    truth
        Codes of the classes, shape (n,).
    weights
        How much each row counts, shape (n,); default: all alike.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bold = rng.uniform(size=4000)
    >>> truth = (rng.uniform(size=4000) < 0.25 + bold / 2).astype(int)  # the scores promise too much
    >>> honest = fit_calibrator(np.column_stack([1 - bold, bold]), truth)
    >>> honest(np.array([[0.1, 0.9]])).round(1)
    array([[0.3, 0.7]])
    """
    every = np.ones(len(truth)) if weights is None else weights
    places = range(1, 2) if scores.shape[1] == 2 else range(scores.shape[1])
    return Calibrator(
        tuple(_best_curve(scores[:, place], (truth == place).astype(np.float64), every) for place in places)
    )


def _best_curve(score: Floats, hit: Floats, weights: Floats) -> Curve:
    """The simplest map whose log loss is least, as far as can be told, on rows that it was not fitted to."""
    fold = np.arange(score.size) % FOLDS
    losses = np.zeros((len(_MAPS), score.size))
    for out in range(min(FOLDS, score.size)):
        held, fitted = fold == out, fold != out
        if not fitted.any():
            continue
        for place, fit in enumerate(_MAPS):
            p = fit(score[fitted], hit[fitted], weights[fitted])(score[held])
            losses[place, held] = -weights[held] * np.where(hit[held] > 0, np.log(p), np.log1p(-p))
    return _MAPS[_simplest(losses)](score, hit, weights)


def _simplest(losses: Floats) -> int:
    """The first map that is worse than the best by no more than a standard error of the difference."""
    behind = losses - losses[losses.sum(axis=1).argmin()]
    error = behind.std(axis=1) / np.sqrt(max(losses.shape[1], 1))
    return int(np.flatnonzero(behind.mean(axis=1) <= error)[0])


def _identity(score: Floats, hit: Floats, weights: Floats) -> Curve:
    del score, hit, weights
    return _inside


def _inside(score: Floats) -> Floats:
    return np.clip(score, EDGE, 1 - EDGE)


def _platt(score: Floats, hit: Floats, weights: Floats) -> Curve:
    """Newton's method on the weighted log loss, held near a = 0, b = 1 by a prior of a few rows."""
    x = np.column_stack([np.ones(score.size), logit(_inside(score))])
    line = np.array([0.0, 1.0])
    for _ in range(ROUNDS):
        p = expit(x @ line)
        gradient = x.T @ (weights * (p - hit)) + _PRIOR_ROWS * (line - np.array([0.0, 1.0]))
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + _PRIOR_ROWS * np.eye(2)
        line -= np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
    line[1] = max(line[1], 0.0)

    def curve(new: Floats) -> Floats:
        return _inside(expit(line[0] + line[1] * logit(_inside(new))))

    return curve


def _isotonic(score: Floats, hit: Floats, weights: Floats) -> Curve:
    """Pool adjacent violators over steps of equal counts; between the steps' means the curve is a straight line."""
    order = np.argsort(score, kind="stable")
    groups = np.array_split(order, min(STEPS, order.size))
    blocks: list[tuple[float, float, float]] = []  # weight, mean score, mean hit
    for group in groups:
        mass = float(weights[group].sum()) + 1e-12
        block = (mass, float(weights[group] @ score[group]) / mass, float(weights[group] @ hit[group]) / mass)
        while blocks and blocks[-1][2] >= block[2]:
            last = blocks.pop()
            total = last[0] + block[0]
            share = last[0] / total
            mixed = [share * last[place] + (1 - share) * block[place] for place in (1, 2)]
            block = (total, mixed[0], mixed[1])
        blocks.append(block)
    knots, heights = np.array([block[1] for block in blocks]), np.array([block[2] for block in blocks])

    def curve(new: Floats) -> Floats:
        return _inside(np.interp(new, knots, heights))

    return curve


_MAPS = (_identity, _platt, _isotonic)
