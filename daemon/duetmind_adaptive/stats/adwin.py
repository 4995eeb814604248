"""ADWIN: the longest run of newest values without a change of mean, cut wherever two parts differ beyond chance.

A run of n values is cut into an older part of n₀ and a newer part of n₁ where their means differ by more than
``ε = √(2 σ² ln(2 n / δ) / m)``, ``1 / m = 1 / n₀ + 1 / n₁``, with σ² the variance of a value; δ bounds the probability
of any false cut of one run (a union over its n cuts). The paper's second term is for values of a known range; means of
a batch of rows are sub-Gaussian and need none.

Reference
---------
A. Bifet, R. Gavaldà, "Learning from time-changing data with adaptive windowing", SIAM Data Mining 2007, theorem 3.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Cut(NamedTuple):
    """The most certain cut of a run."""

    #: values before it
    at: int
    #: mean after less mean before
    rise: float
    #: p-value-like: smallest δ at which it is still a cut
    delta: float


def most_certain_cut(values: Floats, *, deviation: float, least: int = 3) -> Cut | None:
    """Look at every cut of a run; None where it is too short to be cut.

    Parameters
    ----------
    values
        Oldest first, shape (n,).
    deviation
        Standard deviation of a value while nothing changes.
    least
        Values on either side, at least.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> calm = rng.normal(size=200)
    >>> most_certain_cut(calm, deviation=1.0).delta > 0.05
    True
    >>> cut = most_certain_cut(np.concatenate([calm, rng.normal(size=50) + 2]), deviation=1.0)
    >>> abs(cut.at - 200) < 5, cut.delta < 1e-5
    (True, True)
    """
    n = values.size
    if n < 2 * least:
        return None
    older = np.arange(least, n - least + 1)
    sums = np.cumsum(values)
    before = sums[older - 1] / older
    after = (sums[-1] - sums[older - 1]) / (n - older)
    rises = after - before
    size = 1 / (1 / older + 1 / (n - older))
    reach = rises**2 * size / (2 * deviation**2)  # ln(2 n / δ) of the smallest δ
    best = int(reach.argmax())
    return Cut(int(older[best]), float(rises[best]), float(min(2 * n * np.exp(-reach[best]), 1.0)))
