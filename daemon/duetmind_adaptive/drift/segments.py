"""Parts of the rows that do worse than they did: every bin of every column, and regions of two columns.

Bins are all tested, corrected for their number. Of regions there are too many for that: the worst one is looked for in
one half of the rows of window and hold-out and tested on the other half, both ways round, so that the search costs a
factor of two however many regions it goes through. Both ways of looking share the probability of a false alarm evenly.

Reference
---------
S. Athey, G. Imbens, "Recursive partitioning for heterogeneous causal effects", PNAS 113 (2016), 7353-7360
(honesty: what is found on some rows is estimated on others).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Codes, Floats
from duetmind_adaptive.drift.conditions import Condition, intervals, single
from duetmind_adaptive.drift.estimation.design import CODES, Binning
from duetmind_adaptive.drift.rows_apart import Known, apart_from, known

#: of the rows of window and hold-out, a segment has at least, and rows of either
SEGMENT_SHARE, FEWEST_ROWS = 0.05, 20
#: columns whose regions are looked through, those with the worst regions of their own
CROSSED = 8
#: ways of looking, and halves that a region is looked for in
_WAYS, _HALVES = 2, 2

Mask = NDArray[np.bool_]


class Fallen(NamedTuple):
    """A part of the rows that does worse than it did."""

    where: str
    conditions: tuple[Condition, ...]
    #: mean loss after less mean loss before, and its p-value corrected for all segments, one-sided
    worse: float
    p_value: float

    def inside(self, codes: Codes) -> Mask:
        """Which rows of these bins are part of it, shape (n,)."""
        return _inside(codes, self.conditions)


def segments(binning: Binning, codes: tuple[Codes, Codes], losses: tuple[Floats, Floats]) -> list[Fallen]:
    """Every part that has rows enough, most certain fall first.

    Parameters
    ----------
    binning
        How the columns were cut.
    codes, losses
        Of the hold-out's and of the window's rows, in the order of time.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.estimation.design import fit_binning
    >>> rng = np.random.default_rng(1)
    >>> table = pa.table({"age": rng.uniform(20, 70, 6000), "job": rng.choice(["clerk", "cook", "dean"], 6000)})
    >>> loss = (rng.uniform(size=6000) < 0.1).astype(float)
    >>> fell = (table["age"].to_numpy() > 50) & (table["job"].to_numpy() == "cook") & (np.arange(6000) >= 5000)
    >>> loss[fell] = rng.uniform(size=fell.sum()) < 0.7
    >>> binning = fit_binning(table)
    >>> rows = binning.codes(table)
    >>> segments(binning, (rows[:5000], rows[5000:]), (loss[:5000], loss[5000:]))[0].where
    "age > 49.93 and job = 'cook'"
    """
    return HeldOut(binning, codes[0], losses[0]).segments(codes[1], losses[1])


class HeldOut:
    """The hold-out cut into its parts once, for any number of windows; parameters as of `segments`."""

    def __init__(self, binning: Binning, codes: Codes, losses: Floats) -> None:
        columns = range(len(binning.names))
        self._bins = [
            (each, known(part))
            for place in columns
            for each in single(binning, place)
            if _enough(len(part := losses[_inside(codes, [each])]), len(losses))
        ]
        asked = [intervals(binning, place) for place in columns]
        self._halves = [_Half(asked, *_half(codes, losses, place)) for place in range(_HALVES)]

    def segments(self, codes: Codes, losses: Floats) -> list[Fallen]:
        """As of the function, of one window."""
        found = [*self._fallen_bins(codes, losses), *self._regions(codes, losses)]
        return sorted(found, key=lambda part: part.p_value)

    def _fallen_bins(self, codes: Codes, losses: Floats) -> list[Fallen]:
        parts = [(each, old, losses[_inside(codes, [each])]) for each, old in self._bins]
        parts = [part for part in parts if _enough(len(part[2]), len(losses))]
        return [_fallen([each], old, after, len(parts) * _WAYS) for each, old, after in parts]

    def _regions(self, codes: Codes, losses: Floats) -> list[Fallen]:
        """The worst region of each half, as the other half sees it."""
        window = [_half(codes, losses, place) for place in range(_HALVES)]
        found = list[Fallen]()
        for here in range(_HALVES):
            conditions = self._halves[here].worst(*window[here])
            before, after = self._halves[1 - here], window[1 - here]
            old, new = before.losses[_inside(before.codes, conditions)], after[1][_inside(after[0], conditions)]
            if conditions and _enough(len(old), len(before.losses)) and _enough(len(new), len(after[1])):
                found.append(_fallen(conditions, known(old), new, _HALVES * _WAYS))
        return found


def _half(codes: Codes, losses: Floats, place: int) -> tuple[Codes, Floats]:
    middle = len(losses) // 2
    part = slice(middle, None) if place else slice(0, middle)
    return codes[part], losses[part]


def _inside(codes: Codes, conditions: Sequence[Condition]) -> Mask:
    inside = np.full(len(codes), bool(conditions))
    for each in conditions:
        inside &= each.codes[codes[:, each.place]]
    return inside


def _enough(inside: int, rows: int) -> bool:
    return rows > 0 and SEGMENT_SHARE <= inside / rows <= 1 - SEGMENT_SHARE and inside >= FEWEST_ROWS


def _fallen(conditions: Sequence[Condition], old: Known, after: Floats, tests: int) -> Fallen:
    t, p = apart_from(old, after)
    one_sided = float(p) / 2 if t > 0 else 1.0
    words = " and ".join(each.words for each in conditions)
    worse = float(after.mean() - old.mean.value)
    return Fallen(words, tuple(conditions), worse, min(one_sided * tests, 1.0))


class _Table(NamedTuple):
    """Rows and losses of each pair of conditions, and how many rows there are in all."""

    counts: Floats
    losses: Floats
    rows: float


class _Half:
    """One half of the hold-out, in which the worst region of a window's half is looked for."""

    def __init__(self, asked: Sequence[list[Condition]], codes: Codes, losses: Floats) -> None:
        self.codes, self.losses = codes, losses
        self._asked = asked
        self._hot = [np.array([each.codes for each in one], dtype=np.float64) for one in asked]
        self._spread = max(float(losses.var()), 1e-12) if losses.size else 1e-12
        #: by places of columns, as far as they were asked for
        self._tables = dict[tuple[int, int], _Table]()

    def worst(self, codes: Codes, losses: Floats) -> list[Condition]:
        """The conditions, one or two, of the region whose rise in loss stands out most; none where none is large."""
        alone = [self._best(codes, losses, place, place) for place in range(len(self._asked))]
        most = sorted(range(len(alone)), key=lambda place: -alone[place][0])[:CROSSED]
        best = max((alone[place] for place in most), key=lambda each: each[0], default=(-np.inf, []))
        for at, first in enumerate(most):
            for second in most[at + 1 :]:
                found = self._best(codes, losses, first, second)
                best = found if found[0] > best[0] else best
        return best[1] if np.isfinite(best[0]) else []

    def _best(self, codes: Codes, losses: Floats, first: int, second: int) -> tuple[float, list[Condition]]:
        """How far the worst region of these conditions stands out, in standard errors, and its conditions."""
        if (first, second) not in self._tables:
            self._tables[first, second] = self._table(self.codes, self.losses, first, second)
        before, after = self._tables[first, second], self._table(codes, losses, first, second)
        allowed = _allowed(before) & _allowed(after)
        sizes = [np.maximum(each.counts, 1.0) for each in (before, after)]
        error = np.sqrt(self._spread * (1 / sizes[0] + 1 / sizes[1]))
        stands = np.where(allowed, (after.losses / sizes[1] - before.losses / sizes[0]) / error, -np.inf)
        at, beside = divmod(int(stands.argmax()), stands.shape[1])
        found = [self._asked[first][at], *([self._asked[second][beside]] if first != second else [])]
        return float(stands[at, beside]), sorted(found, key=lambda each: each.place)

    def _table(self, codes: Codes, losses: Floats, first: int, second: int) -> _Table:
        cells = codes[:, first].astype(np.intp) * CODES + codes[:, second]
        columns = np.ones((1, CODES)) if first == second else self._hot[second]
        counts, sums = (
            self._hot[first] @ np.bincount(cells, each, CODES * CODES).astype(np.float64).reshape(CODES, -1) @ columns.T
            for each in (None, losses)
        )
        return _Table(counts, sums, float(len(losses)))


def _allowed(table: _Table) -> Mask:
    least, most = max(SEGMENT_SHARE * table.rows, FEWEST_ROWS), (1 - SEGMENT_SHARE) * table.rows
    return (table.counts >= least) & (table.counts <= most)
