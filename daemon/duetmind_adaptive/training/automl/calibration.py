"""Makes a blend's probabilities honest: one slope for all log-odds and one shift for each class.

``p'(k) ∝ exp(slope · log p(k) + shift(k))``, fitted to answers for rows that no member learned from, by log loss with a
penalty that keeps few rows from moving much. For two classes this is Platt's scaling of the log-odds.

Reference
---------
C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[Any]

#: a probability is never taken to be smaller
TINY = 1e-7
#: rows of evidence that the identity counts for
INERTIA = 10.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The identity unless fitted."""

    slope: float = 1.0
    shifts: tuple[float, ...] = ()

    def apply(self, answers: Matrix) -> Matrix:
        """Calibrated probabilities, shape (n, classes), float64."""
        logs = np.log(np.clip(answers.astype(np.float64), TINY, 1)) * self.slope
        logs += np.asarray(self.shifts) if self.shifts else 0.0
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def fit_calibration(truth: Matrix, answers: Matrix) -> Calibration:
    """Fit slope and shifts.

    Parameters
    ----------
    truth
        Class codes, shape (n,).
    answers
        Probabilities, shape (n, classes), of members that did not learn from these rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> honest = rng.uniform(0.05, 0.95, 4000)
    >>> truth = (rng.uniform(size=4000) < honest).astype(int)
    >>> odds = (honest / (1 - honest)) ** 3
    >>> too_sure = np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)
    >>> round(fit_calibration(truth, too_sure).slope, 1)
    0.3
    """
    logs = np.log(np.clip(answers.astype(np.float64), TINY, 1))
    hit = np.eye(answers.shape[1])[truth]

    def loss(values: Matrix) -> tuple[float, Matrix]:
        slope, shifts = values[0], values[1:]
        raw = logs * slope + shifts
        raw -= raw.max(axis=1, keepdims=True)
        powers = np.exp(raw)
        sums = powers.sum(axis=1, keepdims=True)
        off = (powers / sums - hit) / len(logs)
        weight = INERTIA / len(logs)
        value = float((np.log(sums[:, 0]) - (raw * hit).sum(axis=1)).mean())
        value += weight * float((slope - 1) ** 2 + (shifts**2).sum()) / 2
        slopes = float((off * logs).sum()) + weight * (slope - 1)
        return value, np.concatenate([[slopes], off.sum(axis=0) + weight * shifts])

    start = np.concatenate([[1.0], np.zeros(answers.shape[1])])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.1, 5.0)] + [(-3, 3)] * answers.shape[1])
    return Calibration(float(found.x[0]), tuple(float(value) for value in found.x[1:]))
