"""From raw scores to answers: the link functions of the boosters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]


def to_answers(raw: Matrix, classes: int) -> Matrix:
    """Probabilities of raw scores, shape (n, classes), float32; numbers, shape (n, 1), where there are no classes.

    Examples
    --------
    >>> to_answers(np.array([0.0, 2.0]), 2).round(2).tolist()
    [[0.5, 0.5], [0.11999999731779099, 0.8799999952316284]]
    """
    if not classes:
        return raw.reshape(-1, 1).astype(np.float32)
    if classes == 2:
        positive = 1 / (1 + np.exp(-raw.ravel()))
        return np.stack([1 - positive, positive], axis=1).astype(np.float32)
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
