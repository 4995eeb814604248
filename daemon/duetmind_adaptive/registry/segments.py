"""Parts of the traffic that a better model must not fail: each value of a column, and each quarter of a number.

A challenger that is better overall may be worse for a part of the rows. A part of at least `SHARE` of them blocks it
when

1. there it loses more than `ALLOWED` times the margin, which is how far the paired difference of all rows may lie from
   the truth at the gate's confidence (half the width of its interval, the smallest difference that proves itself), and
2. that it loses there at all is more than chance: Student's one-sided t of the paired losses, their error from moving
   blocks as the gate's is, corrected for the number of parts.

So a challenger as good as the champion in every part is blocked at most `DOUBT` of the time, however many there are.
The doubt is shared evenly between values and quarters of numbers (Bonferroni in each, parts of the same rows count
once): a few named groups are not drowned by the bins of many numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from duetmind_adaptive.records import SegmentLoss
from duetmind_adaptive.registry.moving_blocks import lugsail_error

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: of the rows, a part has at least
SHARE = 0.05
#: margins that a part may lose
ALLOWED = 2.0
#: how often a challenger as good in every part may be blocked
DOUBT = 0.05
#: a number is cut into so many bins of equal size; one with at most `FEW_VALUES` values is taken value by value
BINS, FEW_VALUES = 4, 6


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A part of the rows."""

    #: a condition as people read it
    where: str
    #: which rows, shape (n,)
    inside: Mask
    #: a value of a column rather than a bin of a number
    named: bool = True


def segments_of(frame: pd.DataFrame, kinds: Mapping[str, str]) -> list[Segment]:
    """Every part of the rows that is large enough and not nearly all of them; moments and texts have none.

    Parameters
    ----------
    frame
        Cast columns: numbers and Booleans as floats, categories as strings, NaN or None where missing.
    kinds
        Of each feature.

    Examples
    --------
    >>> frame = pd.DataFrame({"job": ["cook", "clerk", None, "cook"], "x": [1.0, 2.0, 3.0, 4.0]})
    >>> [each.where for each in segments_of(frame, {"job": "categorical", "x": "categorical"})][:3]
    ["job = 'cook'", "job = 'clerk'", 'job is missing']
    >>> many = pd.DataFrame({"age": np.arange(20.0, 60.0)})
    >>> [each.where for each in segments_of(many, {"age": "numeric"})]
    ['age ≤ 29.75', '29.75 < age ≤ 39.5', '39.5 < age ≤ 49.25', 'age > 49.25']
    """
    cut = {"numeric": _numbers, "boolean": _values, "categorical": _values}
    known = [(name, kind) for name, kind in kinds.items() if kind in cut and name in frame.columns]
    return [each for name, kind in known for each in cut[kind](name, frame[name].to_numpy()) if _large(each.inside)]


def lost_most(
    gain: Floats, segments: Sequence[Segment], *, block: int, confidence: float, right_or_wrong: bool = False
) -> SegmentLoss | None:
    """The part that blocks the challenger, the most certain if there are more; None where none does.

    Parameters
    ----------
    gain
        The champion's loss of each row less the challenger's, shape (n,), in the order of time.
    segments
        Parts of those rows.
    block
        Rows per block.
    confidence
        Of the margin, one-sided.
    right_or_wrong
        Losses are 0 or 1, so that a part needs the correction for continuity.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gain, north = rng.normal(0.1, 1, 2000), np.arange(2000) % 5 == 0
    >>> lost_most(gain, [Segment("site = 'north'", north)], block=1, confidence=0.95) is None
    True
    >>> lost_most(gain - north, [Segment("site = 'north'", north)], block=1, confidence=0.95).where
    "site = 'north'"
    """
    allowed = ALLOWED * margin_of(gain, block=block, confidence=confidence, right_or_wrong=right_or_wrong)
    parts = _distinct(segments)
    kinds = {each.named for each in parts}
    found = list[tuple[float, SegmentLoss]]()
    for named in kinds:
        mine = [each for each in parts if each.named is named]
        for part in mine:
            loss = -float(gain[part.inside].mean())
            doubt = _doubt(gain, part.inside, block, right_or_wrong=right_or_wrong)
            if loss > allowed and doubt <= DOUBT / (len(kinds) * len(mine)):
                rows = int(part.inside.sum())
                lost = SegmentLoss(
                    where=part.where, rows=rows, share=rows / gain.size, loss=loss, allowed=allowed, doubt=doubt
                )
                found.append((doubt, lost))
    return min(found, key=lambda each: each[0])[1] if found else None


def margin_of(gain: Floats, *, block: int, confidence: float, right_or_wrong: bool = False) -> float:
    """How far the mean of paired differences may lie from the truth, one-sided, in the loss's units.

    With losses of 0 and 1 it has McNemar's correction for continuity, a row's worth.

    Examples
    --------
    >>> round(margin_of(np.tile([1.0, -1.0], 50), block=1, confidence=0.95), 4)
    0.1669
    """
    quantile = float(stdtrit(gain.size / block - 1, confidence))
    return quantile * lugsail_error(gain, block) + (1 / gain.size if right_or_wrong else 0.0)


def _doubt(gain: Floats, inside: Mask, block: int, *, right_or_wrong: bool) -> float:
    """How likely the part's mean difference would be so low if there were none; the rows outside count as blanks."""
    rows, mean = int(inside.sum()), float(gain[inside].mean())
    moved = np.where(inside, gain - mean, 0.0) * (gain.size / rows)
    error = lugsail_error(moved, block)
    touched = np.unique(np.flatnonzero(inside) // block).size
    if mean >= 0 or touched < 2:  # one block has no spread
        return 1.0
    if error == 0:  # every row of it loses the same
        return 0.0
    shrunk = mean + (1 / rows if right_or_wrong else 0.0)
    return float(stdtr(touched - 1, shrunk / error))


def _distinct(segments: Sequence[Segment]) -> list[Segment]:
    """Parts of the very same rows once: columns often say the same in other words."""
    return list({each.inside.tobytes(): each for each in reversed(segments)}.values())[::-1]


def _large(inside: Mask) -> bool:
    return inside.size > 0 and SHARE <= inside.mean() <= 1 - SHARE


def _values(name: str, column: NDArray[Any]) -> Iterator[Segment]:
    codes, values = pd.factorize(column)
    for code, value in enumerate(values.tolist()):
        yield Segment(f"{name} = {_spelled(value)}", codes == code)
    yield Segment(f"{name} is missing", codes < 0)


def _numbers(name: str, column: NDArray[Any]) -> Iterator[Segment]:
    values = column.astype(np.float64)
    known = values[np.isfinite(values)]
    if np.unique(known).size <= FEW_VALUES:
        yield from _values(name, column)
        return
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    bins = np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), -1)
    for place in range(edges.size + 1):
        yield Segment(_between(name, edges, place), bins == place, named=False)
    yield Segment(f"{name} is missing", bins < 0)


def _between(name: str, edges: Floats, place: int) -> str:
    if place == edges.size:
        return f"{name} > {edges[-1]:.4g}"
    below = f"{edges[place - 1]:.4g} < " if place else ""
    return f"{below}{name} ≤ {edges[place]:.4g}"


def _spelled(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(str(value))
