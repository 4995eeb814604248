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

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Codes, Floats, Rows
from duetmind_adaptive.drift.estimation.design import CODES, one_hot
from duetmind_adaptive.stats.batch_means import Part, mean_of_rows, welch

Pairs = tuple[tuple[int, int], ...]

FOLDS = 3
#: columns whose pairs are looked at
PAIRED = 4
#: penalties in rows: on the old correction, and on the new one
_OLD, _NEW = 5.0, 15.0
#: blocks of the hold-out that are held against others of its rows, and how many of those, at most
BLOCKS, BESIDE = 12, 6_000


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


@dataclass(frozen=True, slots=True, eq=False)
class Old:
    """What the hold-out teaches of the champion's errors, fold by fold."""

    rows: Rows
    #: of each fold: the correction learned on the others, and what it leaves on the fold's own rows
    lines: tuple[Floats, ...]
    errors: tuple[Floats, ...]

    @classmethod
    def of(cls, rows: Rows) -> Old:
        """Learn from the hold-out, at least 60 rows."""
        lines, errors = list[Floats](), list[Floats]()
        for out in _folds(len(rows)):
            rest, held = rows.only(~out), rows.only(out)
            lines.append(_ridge(one_hot(rest.codes), rest.residuals, _OLD))
            errors.append(held.residuals - _answers(lines[-1], held.codes, ()))
        return cls(rows, tuple(lines), tuple(errors))


def two_models(before: Old, after: Rows, unrest: float = 1.0) -> Beaten:
    """Test whether the relation changed.

    Parameters
    ----------
    before
        What the hold-out teaches.
    after
        Rows of the window, at least 60.
    unrest
        The answer of `natural_unrest`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> codes = rng.integers(1, 6, (5000, 3)).astype(np.int8)
    >>> left = rng.normal(size=(5000, 1))
    >>> before, after = Old.of(Rows(codes[:4000], left[:4000])), Rows(codes[4000:], left[4000:])
    >>> two_models(before, after).p_value > 0.01
    True
    >>> turned = Rows(after.codes, after.residuals + np.where(after.codes[:, :1] > 3, 0.5, 0.0))
    >>> two_models(before, turned).p_value < 1e-6
    True
    """
    old, new = np.zeros(after.residuals.shape), np.zeros(after.residuals.shape)
    beside = np.zeros(len(before.rows))
    folds = zip(_folds(len(before.rows)), _folds(len(after)), before.lines, before.errors, strict=True)
    for held, out, line, errors in folds:
        old[out] = _answers(line, after.codes[out], ())
        taught = after.only(~out)
        left = taught.residuals - _answers(line, taught.codes, ())
        pairs = _telling_pairs(taught.codes, left)
        fresh = _ridge(_with_pairs(taught.codes, pairs), left, _NEW)
        new[out] = _answers(fresh, after.codes[out], pairs)
        beside[held] = np.einsum("ij,ij->i", errors, _answers(fresh, before.rows.codes[held], pairs))
    left = after.residuals - old
    product = np.einsum("ij,ij->i", left, new)
    helped = 2 * product - np.einsum("ij,ij->i", new, new)
    t, p = _apart(product, beside, unrest)
    explained = float(helped.sum() / max(float((left**2).sum()), 1e-12))
    return Beaten(t, p, explained, old + new, helped)


def _folds(rows: int) -> Iterator[NDArray[np.bool_]]:
    """Runs of neighbouring rows."""
    fold = np.arange(rows) * FOLDS // rows
    return (fold == each for each in range(FOLDS))


def natural_unrest(before: Rows, rows: int) -> float:
    """How far blocks of the hold-out as long as a window differ from its others, in deviations of chance; ≥ 1."""
    count = len(before) // max(rows, 60)
    if count < 2:
        return 1.0
    block = np.arange(len(before)) * count // len(before)
    chosen = np.unique(np.linspace(0, count - 1, min(count, BLOCKS)).astype(np.intp))
    found = [two_models(Old.of(_spaced(before.only(block != one))), before.only(block == one)).t for one in chosen]
    return max(1.0, float(np.sqrt(np.mean(np.square(found)))))


def _spaced(rows: Rows) -> Rows:
    """As many as a block is held against, evenly spaced."""
    if len(rows) <= BESIDE:
        return rows
    return rows.only(np.linspace(0, len(rows) - 1, BESIDE).astype(np.intp))


def _apart(window: Floats, beside: Floats, unrest: float) -> tuple[float, float]:
    after, before = mean_of_rows(window), mean_of_rows(beside)
    further = (after.value - before.value) / unrest
    t, p = welch(further, Part(after.variance, after.freedom), Part(before.variance, before.freedom))
    return float(t), float(p) / 2 if t > 0 else 1.0


def _ridge(x: Floats, y: Floats, penalty: float) -> Floats:
    """Penalised least squares, shape (p, k); the first column, of ones, is free, an empty one says nothing."""
    line = np.zeros((x.shape[1], y.shape[1]))
    held = np.flatnonzero(x.any(axis=0))
    x = x[:, held]
    weights = np.full(held.size, penalty)
    weights[0] = 1e-6
    line[held] = np.linalg.solve(x.T @ x + np.diag(weights), x.T @ y)
    return line


def _answers(line: Floats, codes: Codes, pairs: Pairs) -> Floats:
    """``_with_pairs(codes, pairs) @ line`` without the matrix of zeros and ones, shape (n, k)."""
    columns, bins = codes.shape[1], CODES - 1
    alone = np.zeros((columns, CODES, line.shape[1]))
    alone[:, 1:] = line[1 : 1 + columns * bins].reshape(columns, bins, line.shape[1])
    together = line[1 + columns * bins :].reshape(len(pairs), CODES * CODES, line.shape[1])
    found = np.tile(line[0], (len(codes), 1))
    for place, column in enumerate(codes.T):
        found += alone[place, column]
    for cells, pair in zip(together, pairs, strict=True):
        found += cells[_cells(codes, pair)]
    return found


def _cells(codes: Codes, pair: tuple[int, int]) -> NDArray[np.int64]:
    return codes[:, pair[0]].astype(np.int64) * CODES + codes[:, pair[1]]


def _telling_pairs(codes: Codes, left: Floats) -> Pairs:
    """Pairs of the columns whose bins explain most of what is left."""
    explained = [
        sum(float((np.bincount(column, residual, CODES) ** 2 / _sizes(column)).sum()) for residual in left.T)
        for column in codes.T
    ]
    most = sorted(np.argsort(-np.array(explained), kind="stable")[:PAIRED].tolist())
    return tuple(combinations(most, 2))


def _sizes(column: NDArray[np.int8]) -> Floats:
    return np.maximum(np.bincount(column, minlength=CODES), 1.0)


def _with_pairs(codes: Codes, pairs: Pairs) -> Floats:
    cells = np.arange(CODES * CODES)
    parts = [_cells(codes, pair)[:, np.newaxis] == cells for pair in pairs]
    return np.concatenate([one_hot(codes), *parts], axis=1).astype(np.float64)
