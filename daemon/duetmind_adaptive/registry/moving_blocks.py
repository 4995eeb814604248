"""Uncertainty of rows in time order, whose neighbours move together: moving blocks instead of single rows.

Reference
---------
H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", Ann. Statist. 17 (1989), 1217-1241.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: weights held in memory at a time: 2 million float64 are 16 MB
CHUNK = 2_000_000


def block_length(rows: int) -> int:
    """Rows per block: the cube root of their number, the order that minimises the error of the variance.

    Examples
    --------
    >>> block_length(428)
    8
    """
    return max(1, round(rows ** (1 / 3)))


def moving_block_error(values: Floats, block: int) -> float:
    """Standard error of the mean of a series: the spread of the means of all its runs of `block` values, scaled.

    With `block` 1 it is the textbook ``s / √n``.

    Examples
    --------
    >>> round(moving_block_error(np.array([1.0, 2.0, 3.0, 4.0]), 1), 4)
    0.6455
    """
    rows = values.size
    sums = np.cumsum(np.concatenate([[0.0], values - values.mean()]))
    means = (sums[block:] - sums[:-block]) / block
    return math.sqrt(block * float(np.mean(means**2)) / max(rows - block, 1))


def lugsail_error(values: Floats, block: int) -> float:
    """As `moving_block_error`, without its bias: blocks see too little of what neighbours have in common.

    What shorter blocks lack of the variance foretells what these lack: ``2 V(b) - V(b / 3)``, never less than ``V(b)``.

    Reference
    ---------
    D. Vats, J. M. Flegal, "Lugsail lag windows for estimating time-average covariance matrices", Biometrika 109 (2022).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=4000)
    >>> lugsail_error(noise, 1) == moving_block_error(noise, 1)
    True
    >>> bound = np.convolve(noise, np.ones(8), "valid")  # neighbours share most of what moves them
    >>> lugsail_error(bound, 12) > 1.1 * moving_block_error(bound, 12)
    True
    """
    whole = moving_block_error(values, block) ** 2
    short = moving_block_error(values, max(1, block // 3)) ** 2
    return math.sqrt(max(whole, 2 * whole - short))


def moving_block_weights(rows: int, block: int, replicates: int, seed: int) -> Iterator[Floats]:
    """How often each row is drawn when whole runs of `block` rows are drawn; yields arrays of shape (some, rows).

    Examples
    --------
    >>> next(moving_block_weights(rows=4, block=2, replicates=2, seed=3)).sum(axis=1)
    array([4., 4.])
    """
    generator = np.random.default_rng(seed)
    blocks, at_once = math.ceil(rows / block), max(1, CHUNK // rows)
    for first in range(0, replicates, at_once):
        count = min(at_once, replicates - first)
        starts = generator.integers(0, rows - block + 1, size=(count, blocks))
        drawn = (starts[:, :, None] + np.arange(block)).reshape(count, -1)[:, :rows]
        places = drawn + np.arange(count)[:, None] * rows
        yield np.bincount(places.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)
