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
from duetmind_adaptive.drift.rows_apart import rows_apart

#: of the rows of window and hold-out, a segment has at least, and rows of either
SEGMENT_SHARE, FEWEST_ROWS = 0.05, 20
#: columns whose regions are looked through, those with the worst regions of their own
CROSSED = 8
#: ways of looking, and halves that a region is looked for in
_WAYS, _HALVES = 2, 2

Mask = NDArray[np.bool_]
#: of hold-out and window: bins of the rows, and their losses
Sides = Sequence[tuple[Codes, Floats]]


class Fallen(NamedTuple):
    """A part of the rows that does worse than it did."""

    where: str
    #: its rows, of hold-out and window
    inside: tuple[Mask, Mask]
    #: mean loss after less mean loss before, and its p-value corrected for all segments, one-sided
    worse: float
    p_value: float


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
    sides = list(zip(codes, losses, strict=True))
    found = [*_bins(binning, sides), *_regions(binning, sides)]
    return sorted(found, key=lambda part: part.p_value)


def _bins(binning: Binning, sides: Sides) -> list[Fallen]:
    every = (each for place in range(len(binning.names)) for each in single(binning, place))
    parts = [(each.words, _rows(sides, [each])) for each in every]
    parts = [(words, inside) for words, inside in parts if _large(inside)]
    return [_fallen(words, inside, sides, len(parts) * _WAYS) for words, inside in parts]


def _regions(binning: Binning, sides: Sides) -> list[Fallen]:
    """The worst region of each half, as the other half sees it."""
    halves = [[_half(side, place) for side in sides] for place in range(_HALVES)]
    found = list[Fallen]()
    for here, there in (halves, halves[::-1]):
        conditions = _worst(binning, here)
        inside = _rows(there, conditions)
        if not conditions or not _large(inside):
            continue
        words = " and ".join(each.words for each in conditions)
        tested = _fallen(words, inside, there, _HALVES * _WAYS)
        found.append(tested._replace(inside=_rows(sides, conditions)))
    return found


def _half(side: tuple[Codes, Floats], place: int) -> tuple[Codes, Floats]:
    middle = len(side[1]) // 2
    part = slice(middle, None) if place else slice(0, middle)
    return side[0][part], side[1][part]


def _rows(sides: Sides, conditions: Sequence[Condition]) -> tuple[Mask, Mask]:
    before, after = (
        np.logical_and.reduce([each.codes[codes[:, each.place]] for each in conditions] or [np.zeros(len(codes), bool)])
        for codes, _ in sides
    )
    return before, after


def _large(inside: tuple[Mask, Mask]) -> bool:
    return all(
        mask.size > 0 and SEGMENT_SHARE <= mask.mean() <= 1 - SEGMENT_SHARE and mask.sum() >= FEWEST_ROWS
        for mask in inside
    )


def _fallen(words: str, inside: tuple[Mask, Mask], sides: Sides, tests: int) -> Fallen:
    before, after = (losses[mask] for (_, losses), mask in zip(sides, inside, strict=True))
    t, p = rows_apart(before, after)
    one_sided = float(p) / 2 if t > 0 else 1.0
    return Fallen(words, inside, float(after.mean() - before.mean()), min(one_sided * tests, 1.0))


class _Table(NamedTuple):
    """Rows and losses in each cell of two columns, shape (CODES, CODES), of hold-out and window."""

    rows: Floats
    losses: Floats


def _worst(binning: Binning, sides: Sides) -> list[Condition]:
    """The conditions, one or two, of the region whose rise in loss stands out most; none where no region is large."""
    asked = [intervals(binning, place) for place in range(len(binning.names))]
    spread = max(float(sides[0][1].var()), 1e-12)
    alone = [_best(_tables(sides, place, place), asked[place], None, spread) for place in range(len(asked))]
    most = sorted(range(len(asked)), key=lambda place: -alone[place][0])[:CROSSED]
    best = max((alone[place] for place in most), key=lambda each: each[0], default=(-np.inf, []))
    for at, first in enumerate(most):
        for second in most[at + 1 :]:
            found = _best(_tables(sides, first, second), asked[first], asked[second], spread)
            best = found if found[0] > best[0] else best
    return best[1] if np.isfinite(best[0]) else []


def _tables(sides: Sides, first: int, second: int) -> list[_Table]:
    tables = list[_Table]()
    for codes, losses in sides:
        cells = codes[:, first].astype(np.intp) * CODES + codes[:, second]
        counts = (np.bincount(cells, each, CODES * CODES).reshape(CODES, CODES) for each in (None, losses))
        tables.append(_Table(*(each.astype(np.float64) for each in counts)))
    return tables


def _best(
    tables: Sequence[_Table], first: Sequence[Condition], second: Sequence[Condition] | None, spread: float
) -> tuple[float, list[Condition]]:
    """How far the worst region of these conditions stands out, in standard errors, and its conditions."""
    rows = np.array([each.codes for each in first], dtype=np.float64)
    columns = np.array([each.codes for each in second], dtype=np.float64) if second else np.ones((1, CODES))
    counts, losses = ([rows @ getattr(each, name) @ columns.T for each in tables] for name in ("rows", "losses"))
    allowed = np.logical_and.reduce(
        [
            (count >= max(SEGMENT_SHARE * table.rows.sum(), FEWEST_ROWS))
            & (count <= (1 - SEGMENT_SHARE) * table.rows.sum())
            for count, table in zip(counts, tables, strict=True)
        ]
    )
    before, after = (loss / np.maximum(count, 1.0) for loss, count in zip(losses, counts, strict=True))
    error = np.sqrt(spread * sum(1 / np.maximum(count, 1.0) for count in counts))
    stands = np.where(allowed, (after - before) / error, -np.inf)
    at, beside = divmod(int(stands.argmax()), stands.shape[1])
    found = [first[at], *([second[beside]] if second else [])]
    return float(stands[at, beside]), sorted(found, key=lambda each: each.place)
