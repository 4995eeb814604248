"""PCA reconstruction error: how far rows lie from the plane that the reference's rows lie near.

Formula: with P the leading eigenvectors of the reference's correlation matrix, as many as hold `SHARE` of its trace,
``error(z) = |z - P Pᵀ z|²`` of a row z of standardised columns. A relation among columns that broke raises its mean,
one that is new and within the plane lowers it.

Reference
---------
J. E. Jackson, G. S. Mudholkar, "Control procedures for residuals associated with principal component analysis",
Technometrics 21 (1979), 341-349.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: part of the variance that the components hold
SHARE = 0.8


def components(correlations: Floats, share: float = SHARE) -> Floats:
    """Leading eigenvectors of a correlation matrix, shape (d, k), always leaving at least one out.

    >>> components(np.array([[1.0, 0.9], [0.9, 1.0]])).round(2).T.tolist() in ([[0.71, 0.71]], [[-0.71, -0.71]])
    True
    """
    values, vectors = np.linalg.eigh(correlations)
    held = np.cumsum(values[::-1]) / values.sum()
    count = min(int(np.searchsorted(held, share)) + 1, len(values) - 1)
    return vectors[:, ::-1][:, :count]


def reconstruction_errors(rows: Floats, plane: Floats) -> Floats:
    """Squared distance of each row, shape (n, d), from the plane spanned by the columns of `plane`.

    >>> reconstruction_errors(np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([[1.0], [1.0]]) / 2**0.5).round(6).tolist()
    [0.0, 2.0]
    """
    beyond = rows - (rows @ plane) @ plane.T
    return np.einsum("ij,ij->i", beyond, beyond)
