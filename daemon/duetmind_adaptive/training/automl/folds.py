"""Which rows are held out together: stratified, whole groups, or in order of time.

A fold is a number per row; rows of number `f` are answered by the model that did not learn from them. Ordered folds
hold out later rows only, so their first block is never held out: its rows have the number `NEVER`.

Reference
---------
R. Kohavi, "A study of cross-validation and bootstrap for accuracy estimation and model selection", IJCAI (1995).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Folds = NDArray[np.int16]

#: of rows that are learned from and never held out
NEVER = -1
#: blocks by which a numeric target is spread evenly over the folds
STRATA = 10


def stratified_folds(strata: NDArray[Any], count: int, seed: int) -> Folds:
    """Deal the rows of each stratum out to the folds, in random order.

    Parameters
    ----------
    strata
        Class codes, or numbers (regression) whose deciles are the strata; shape (n,).
    count
        How many folds, from 2 on.
    seed
        Same seed, same folds.

    Examples
    --------
    >>> folds = stratified_folds(np.array([0] * 6 + [1] * 3), 3, seed=0)
    >>> [int((folds[:6] == fold).sum()) for fold in range(3)], sorted(folds[6:].tolist())
    ([2, 2, 2], [0, 1, 2])
    """
    codes = strata if strata.dtype.kind in "iu" else _deciles(strata)
    order = np.random.default_rng(seed).permutation(codes.size)
    order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(codes.size, dtype=np.int16)
    folds[order] = np.arange(codes.size) % count
    return folds


def grouped_folds(groups: NDArray[Any], count: int, seed: int) -> Folds:
    """Hold whole groups out: the largest first, each to the fold with the fewest rows so far.

    Examples
    --------
    >>> folds = grouped_folds(np.array(["a", "a", "b", "c", "c", "b"]), 3, seed=0)
    >>> bool((folds[[0, 2, 3]] == folds[[1, 5, 4]]).all()), len(set(folds.tolist()))
    (True, 3)
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(sizes.size)
    totals = np.zeros(count, dtype=np.int64)
    of_group = np.empty(sizes.size, dtype=np.int16)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold = int(totals.argmin())
        of_group[group] = fold
        totals[fold] += sizes[group]
    return of_group[codes]


def ordered_folds(moments: NDArray[Any], count: int) -> Folds:
    """Cut the rows into `count + 1` blocks in order of time; the first is never held out.

    The model that answers block `f` learns from the blocks before it only (see `learning_rows`).

    Examples
    --------
    >>> ordered_folds(np.array([3, 1, 2, 4]), 3).tolist()
    [1, -1, 0, 2]
    """
    order = np.argsort(moments, kind="stable")
    folds = np.empty(moments.size, dtype=np.int16)
    folds[order] = np.arange(moments.size) * (count + 1) // moments.size - 1
    return folds


def learning_rows(folds: Folds, fold: int, *, ordered: bool) -> NDArray[np.bool_]:
    """Rows that the model of `fold` learns from."""
    return folds < fold if ordered else folds != fold


def _deciles(values: NDArray[Any]) -> NDArray[np.intp]:
    edges = np.quantile(values, np.linspace(0, 1, STRATA + 1)[1:-1])
    return np.searchsorted(edges, values)
