"""How much each labelled row should count so that together they look like a window: density ratios, tempered.

A logistic regression tells the window's rows from the hold-out's; its odds are the ratio of the densities. A ratio
that rests on few rows says little, so it is raised to the largest power λ in {1, 1/2, 1/4, 0} that leaves rows enough
(Kish's effective number ``(Σ w)² / Σ w²``). Where the two can be told apart almost always, the window lies
outside of what the hold-out knows.

References
----------
M. Sugiyama, T. Suzuki, T. Kanamori, "Density Ratio Estimation in Machine Learning" (2012), 4.
L. Kish, "Survey Sampling" (1965), 8.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from duetmind_adaptive.drift.estimation.design import Codes, one_hot, shifts

Floats = NDArray[np.float64]

#: columns that the classifier looks at, those that moved most, and rows of each side that it learns from
COLUMNS, ROWS = 12, 1_000
#: columns that moved less say nothing
_LEAST_SHIFT = 0.03
#: tried in this order
POWERS = (1.0, 0.5, 0.25)
#: effective rows that a ratio must leave: of the hold-out, and at least
LEAST_SHARE, LEAST_ROWS = 0.2, 50
#: penalty on the coefficients, in rows, and rounds of Newton's method
_PENALTY, _ROUNDS = 2.0, 6


@dataclass(frozen=True, slots=True, eq=False)
class Reweighted:
    """Weights of the hold-out's rows, of mean 1, and how far they can be relied on."""

    weights: Floats
    #: effective number of rows under the full ratio, as a share of all
    effective: float
    #: share of the window's rows that the hold-out has something like
    overlap: float


def reweigh(before: Codes, after: Codes) -> Reweighted:
    """Weigh the hold-out's rows by how usual they are in the window.

    Parameters
    ----------
    before, after
        Bins of the hold-out's and of the window's rows (`design.Binning`).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before, after = rng.integers(1, 5, (2000, 1)), rng.choice([3, 4], (1000, 1))
    >>> found = reweigh(before.astype(np.int8), after.astype(np.int8))
    >>> round(found.effective, 1), round(float(found.weights[before[:, 0] > 2].mean()), 1)
    (0.5, 1.9)
    """
    moved = shifts(before, after)
    kept = np.argsort(-moved, kind="stable")[:COLUMNS]
    kept = kept[moved[kept] >= _LEAST_SHIFT]
    if not kept.size:
        return Reweighted(np.ones(len(before)), 1.0, 1.0)
    hot, window = one_hot(before[:, kept]), one_hot(after[:, kept])
    line = _logistic(_spaced(hot), _spaced(window))
    odds = np.exp(np.clip(hot @ line, -8, 8))
    full = odds / odds.mean()
    return Reweighted(_tempered(full), effective_share(full), _overlap(hot @ line, window @ line))


def effective_share(weights: Floats) -> float:
    """Kish's effective number of rows, as a share of all.

    >>> effective_share(np.array([1.0, 1.0, 0.0, 0.0]))
    0.5
    """
    return float(weights.sum() ** 2 / (weights**2).sum() / weights.size)


def _tempered(full: Floats) -> Floats:
    least = max(LEAST_SHARE, LEAST_ROWS / full.size)
    for power in POWERS:
        weights = full**power / (full**power).mean()
        if effective_share(weights) >= least:
            return weights
    return np.ones(full.size)


def _overlap(before: Floats, after: Floats) -> float:
    """Share of the window that lies where at least some of the hold-out does: below its 99th percentile of odds."""
    return float((after <= np.quantile(before, 0.99)).mean())


def _spaced(rows: Floats) -> Floats:
    return rows if len(rows) <= ROWS else rows[np.linspace(0, len(rows) - 1, ROWS).astype(np.intp)]


def _logistic(before: Floats, after: Floats) -> Floats:
    """Penalised logistic regression by Newton's method; both sides weigh the same."""
    x = np.concatenate([before, after])
    hit = np.repeat([0.0, 1.0], [len(before), len(after)])
    weights = np.repeat([0.5 / len(before), 0.5 / len(after)], [len(before), len(after)]) * len(x)
    line, penalty = np.zeros(x.shape[1]), np.eye(x.shape[1]) * _PENALTY
    penalty[0, 0] = 1e-6
    for _ in range(_ROUNDS):
        p = expit(x @ line)
        gradient = x.T @ (weights * (p - hit)) + penalty @ line
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + penalty
        line -= np.linalg.solve(curvature, gradient)
    return line
