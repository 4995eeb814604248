"""Whether the mean of few rows of a window lies apart from that of the hold-out's: too few rows to cut into batches.

The variance of a row is the window's own, and not less than the hold-out's; how much neighbouring rows repeat each
other comes from the hold-out, in batch means. So a part of 50 rows is judged with almost 50 degrees of freedom, where
its five batches would have four; and a part in which all answers are alike is not taken to be known for certain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.batch_means import Mean, Part, mean_of_rows, welch

Floats = NDArray[np.float64]

_TINY = 1e-12


def rows_apart(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Student's t and two-sided p-value of the difference of two means, after less before.

    Parameters
    ----------
    before, after
        Shapes (n,) and (m,), or (n, k) and (m, k), n ≥ 20, m ≥ 2, in the order of time.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> t, p = rows_apart(rng.normal(size=4000), rng.normal(size=50) + 1)
    >>> bool(t > 5), bool(p < 1e-5)
    (True, True)
    """
    return apart_from(known(before), after)


class Known(NamedTuple):
    """What the rows of a hold-out show, for any number of windows."""

    mean: Mean
    #: variance of a row, and how many rows one of them is worth
    row: Floats
    dependence: Floats


def known(before: Floats) -> Known:
    """The side of the hold-out, as of `rows_apart`."""
    mean = mean_of_rows(before)
    row = np.maximum(before.var(axis=0, ddof=1), _TINY)
    return Known(mean, row, np.maximum(mean.variance * len(before) / row, 1.0))


def apart_from(old: Known, after: Floats) -> tuple[Floats, Floats]:
    """As `rows_apart`, of a hold-out that is known already."""
    sampling = np.maximum(after.var(axis=0, ddof=1), old.row) * old.dependence / len(after)
    freedom = float(max(len(after) / float(np.mean(old.dependence)) - 1, 1.0))
    window, reference = Part(sampling, freedom), Part(old.mean.variance, old.mean.freedom)
    return welch(after.mean(axis=0) - old.mean.value, window, reference)
