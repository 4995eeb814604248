"""The two-model test: whether what the new rows teach beats what the old ones taught, on new rows not learned from.

Both models correct the champion's answers: the old one by what its hold-out shows of its errors in each bin of each
column, the new one by what the window shows beyond that, pairs of its most telling columns included. Folds are runs of
neighbouring rows. For rows of the fold left out, with e what the old correction leaves and c the new correction, the
statistic is ``mean(e c)`` over the window less the same over the hold-out: what is wrong with the old correction by
chance is wrong on both sides and cancels, so that the hold-out's sampling error is no change, and neither is a shift of
the inputs within it. Errors come from batch means, which dependent rows do not fool; how far single blocks of the
hold-out differ from its others says how much more than that is natural.

Reference
---------
V. Chernozhukov et al., "Double/debiased machine learning for treatment and structural parameters", Econometrics J. 21
(2018), C1-C68 (cross-fitting and orthogonal scores).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Codes, Floats, Rows
from duetmind_adaptive.drift.estimation.design import CODES, one_hot
from duetmind_adaptive.stats.batch_means import Part, mean_of_rows, welch

FOLDS = 3
#: columns whose pairs are looked at
PAIRED = 4
#: penalties in rows: on the old correction, and on the new one
_OLD, _NEW = 5.0, 15.0
#: blocks of the hold-out that are held against its others, at most
BLOCKS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Beaten:
    """What the new rows taught."""

    #: Student's t of the statistic, in deviations of what is natural
    t: float
    p_value: float
    #: share of what the old correction left unexplained that the new one explains, on rows not learned from
    explained: float
    #: both corrections of each row of the window, from folds without it, shape (n, k)
    correction: Floats
    #: by how much the new correction helped each row, shape (n,)
    helped: Floats


def two_models(before: Rows, after: Rows, unrest: float = 1.0) -> Beaten:
    """Test whether the relation changed.

    Parameters
    ----------
    before, after
        Rows of the hold-out and of the window, at least 60 of each.
    unrest
        The answer of `natural_unrest`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> codes = rng.integers(1, 6, (5000, 3)).astype(np.int8)
    >>> left = rng.normal(size=(5000, 1))
    >>> before, after = Rows(codes[:4000], left[:4000]), Rows(codes[4000:], left[4000:])
    >>> two_models(before, after).p_value > 0.01
    True
    >>> turned = Rows(after.codes, after.residuals + np.where(after.codes[:, :1] > 3, 0.5, 0.0))
    >>> two_models(before, turned).p_value < 1e-6
    True
    """
    shape = after.residuals.shape
    old, new = np.zeros(shape), np.zeros(shape)
    beside = np.zeros(len(before))
    folds = np.arange(len(before)) * FOLDS // len(before), np.arange(len(after)) * FOLDS // len(after)
    for fold in range(FOLDS):
        out = [places == fold for places in folds]
        rest = before.only(~out[0])
        first = _ridge(one_hot(rest.codes), rest.residuals, _OLD)
        left = after.residuals - one_hot(after.codes) @ first
        pairs = _telling_pairs(after.codes[~out[1]], left[~out[1]])
        second = _ridge(_with_pairs(after.codes[~out[1]], pairs), left[~out[1]], _NEW)
        held = before.only(out[0])
        errors = held.residuals - one_hot(held.codes) @ first
        beside[out[0]] = np.einsum("ij,ij->i", errors, _with_pairs(held.codes, pairs) @ second)
        old[out[1]] = one_hot(after.codes[out[1]]) @ first
        new[out[1]] = _with_pairs(after.codes[out[1]], pairs) @ second
    left = after.residuals - old
    product = np.einsum("ij,ij->i", left, new)
    helped = 2 * product - np.einsum("ij,ij->i", new, new)
    t, p = _apart(product, beside, unrest)
    explained = float(helped.sum() / max(float((left**2).sum()), 1e-12))
    return Beaten(t, p, explained, old + new, helped)


def natural_unrest(before: Rows, rows: int) -> float:
    """How far blocks of the hold-out as long as a window differ from its others, in deviations of chance; ≥ 1."""
    count = min(len(before) // max(rows, 60), BLOCKS)
    if count < 2:
        return 1.0
    block = np.arange(len(before)) * count // len(before)
    found = [two_models(before.only(block != one), before.only(block == one)).t for one in range(count)]
    return max(1.0, float(np.sqrt(np.mean(np.square(found)))))


def _apart(window: Floats, beside: Floats, unrest: float) -> tuple[float, float]:
    after, before = mean_of_rows(window), mean_of_rows(beside)
    further = (after.value - before.value) / unrest
    t, p = welch(further, Part(after.variance, after.freedom), Part(before.variance, before.freedom))
    return float(t), float(p) / 2 if t > 0 else 1.0


def _ridge(x: Floats, y: Floats, penalty: float) -> Floats:
    """Penalised least squares, shape (p, k); the first column, of ones, is free."""
    weights = np.full(x.shape[1], penalty)
    weights[0] = 1e-6
    return np.asarray(np.linalg.solve(x.T @ x + np.diag(weights), x.T @ y), dtype=np.float64)


def _telling_pairs(codes: Codes, left: Floats) -> tuple[tuple[int, int], ...]:
    """Pairs of the columns whose bins explain most of what is left."""
    explained = [
        sum(float((np.bincount(column, residual, CODES) ** 2 / _sizes(column)).sum()) for residual in left.T)
        for column in codes.T
    ]
    most = sorted(np.argsort(-np.array(explained), kind="stable")[:PAIRED].tolist())
    return tuple(combinations(most, 2))


def _sizes(column: NDArray[np.int8]) -> Floats:
    return np.maximum(np.bincount(column, minlength=CODES), 1.0)


def _with_pairs(codes: Codes, pairs: tuple[tuple[int, int], ...]) -> Floats:
    parts = [one_hot(codes)]
    cells = np.arange(CODES * CODES)
    parts += [(codes[:, a].astype(np.int64) * CODES + codes[:, b])[:, np.newaxis] == cells for a, b in pairs]
    return np.concatenate(parts, axis=1).astype(np.float64)
