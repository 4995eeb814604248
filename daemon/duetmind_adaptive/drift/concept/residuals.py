"""What a model's answers left unexplained of the labels, row by row: one number for each class, or one in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.labels import classify

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Labelled rows in the order of time: bins of their inputs (`estimation.design`), shape (n, d), and residuals."""

    codes: Codes
    #: label less answer, shape (n, k)
    residuals: Floats

    def __len__(self) -> int:
        return len(self.codes)

    def only(self, kept: NDArray[Any]) -> Rows:
        """Some of the rows, as an index or a mask says."""
        return Rows(self.codes[kept], self.residuals[kept])

    @property
    def losses(self) -> Floats:
        """Length of each residual."""
        return np.sqrt(np.einsum("ij,ij->i", self.residuals, self.residuals))


def residuals(
    task: str,
    truth: NDArray[Any],
    prediction: NDArray[Any],
    score: NDArray[Any] | None,
    *,
    classes: Sequence[Any] | None = None,
    scale: float = 1.0,
) -> Floats:
    """Label less answer, shape (n, k): for classes, whether it is the one less its probability; of two, the second's.

    Parameters
    ----------
    task, truth, prediction, score, classes
        As of `metrics.metric_values`, rows complete. Without scores an answer is sure of itself.
    scale
        Of a number's residual: one of this size is 1.

    Examples
    --------
    >>> residuals("binary", np.array([1, 0]), np.array([1, 1]), np.array([0.9, 0.6])).T.round(1)
    array([[ 0.1, -0.6]])
    >>> residuals("regression", np.array([3.0]), np.array([1.0]), None, scale=4.0)
    array([[0.5]])
    """
    if task == "regression":
        return ((truth.astype(np.float64) - prediction.astype(np.float64)) / scale)[:, np.newaxis]
    known = classify(task, truth, prediction, score, classes)
    one_hot = np.eye(max(known.classes, 2))
    answered = known.prediction if known.prediction is not None else known.truth
    probabilities = one_hot[answered] if known.probabilities is None else known.probabilities
    left = one_hot[known.truth] - probabilities
    return left[:, 1:] if left.shape[1] == 2 else left


def known_rows(before: Codes, after: Codes) -> NDArray[np.bool_]:
    """Which rows lie where the others do: each of their bins holds at least a five-hundredth of those.

    >>> known_rows(np.array([[2]] * 9 + [[3]], np.int8), np.array([[2], [4]], np.int8))
    array([ True, False])
    """
    least = max(len(before) / 500, 1.0)
    known = np.ones(len(after), dtype=np.bool_)
    for place in range(before.shape[1]):
        counts = np.bincount(before[:, place], minlength=128)
        known &= counts[after[:, place]] >= least
    return known
