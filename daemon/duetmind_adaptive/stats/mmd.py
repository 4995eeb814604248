"""Maximum mean discrepancy with random features: whether two samples differ in anything a Gaussian kernel can see.

``MMD² = |E φ(x) - E φ(y)|²`` with random Fourier features ``φ(x) = √(2/D) cos(W x + u)``, W normal with the deviation
``1 / bandwidth``; the bandwidth is the median distance of rows of the reference. Of two disjoint halves of each sample,
``⟨Δ₁, Δ₂⟩``, Δ the difference of mean features, estimates MMD² without bias; given the first halves it is a difference
of means of one function of a row, the witness ``⟨Δ₁, φ⟩``, and tested as such (the cross MMD), whatever the dimension.

References
----------
A. Rahimi, B. Recht, "Random features for large-scale kernel machines", NIPS 20 (2007).
A. Gretton et al., "A kernel two-sample test", J. Machine Learning Research 13 (2012), 723-773.
S. Shekhar, I. Kim, A. Ramdas, "A permutation-free kernel two-sample test", NeurIPS 35 (2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: random features; the error of an estimated kernel value is about 1 / √FEATURES
FEATURES = 128
#: rows whose distances the bandwidth is the median of
_ROWS_FOR_BANDWIDTH = 200


def median_distance(rows: Floats) -> float:
    """Median Euclidean distance between rows, of an evenly spaced few of them; 1 where they are all alike.

    >>> median_distance(np.array([[0.0], [1.0], [4.0]]))
    3.0
    """
    few = rows[np.linspace(0, len(rows) - 1, min(len(rows), _ROWS_FOR_BANDWIDTH)).astype(np.intp)]
    norms = np.einsum("ij,ij->i", few, few)
    squares = norms[:, np.newaxis] + norms - 2 * few @ few.T
    distance = float(np.sqrt(np.maximum(np.median(squares[np.triu_indices(len(few), 1)]), 0.0)))
    return distance or 1.0


@dataclass(frozen=True, slots=True, eq=False)
class RandomFeatures:
    """A Gaussian kernel as an explicit map of rows.

    Examples
    --------
    >>> rows = np.random.default_rng(1).normal(size=(500, 3))
    >>> mapped = RandomFeatures.fit(rows, np.random.default_rng(2))(rows)
    >>> mapped.shape, bool(abs((mapped**2).sum(axis=1).mean() - 1) < 0.1)
    ((500, 128), True)
    """

    #: shape (d, D)
    weights: Floats
    #: shape (D,)
    phases: Floats

    @classmethod
    def fit(cls, rows: Floats, generator: np.random.Generator) -> RandomFeatures:
        """Draw the features for the bandwidth of `rows`, shape (n, d), n ≥ 2."""
        weights = generator.normal(scale=1 / median_distance(rows), size=(rows.shape[1], FEATURES))
        return cls(weights, generator.uniform(0, 2 * np.pi, FEATURES))

    def __call__(self, rows: Floats) -> Floats:
        """The features of each row, shape (n, D)."""
        return np.sqrt(2 / self.phases.size) * np.cos(rows @ self.weights + self.phases)
