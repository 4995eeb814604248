"""What can be asked of one column of binned rows, and how it is said: an interval of a number's bins, or one word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.estimation.design import CODES, MISSING, Binning

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Rows whose bin is one of some; `words` say which, empty for all rows."""

    place: int
    #: of each code, shape (CODES,)
    codes: NDArray[np.bool_]
    words: str


def single(binning: Binning, place: int) -> list[Condition]:
    """One condition for each bin of a column.

    Examples
    --------
    >>> from duetmind_adaptive.drift.estimation.design import fit_binning
    >>> binning = fit_binning(pa.table({"x": np.arange(10.0), "job": ["cook", "clerk"] * 5}))
    >>> [each.words for each in single(binning, 0)][2:5]
    ['x ≤ 1.8', '1.8 < x ≤ 3.6', '3.6 < x ≤ 5.4']
    >>> [each.words for each in single(binning, 1)][1:3]
    ["job = 'cook'", "job = 'clerk'"]
    """
    return [_between(binning, place, code, code) for code in range(_bins(binning, place))]


def intervals(binning: Binning, place: int) -> list[Condition]:
    """Every run of a number's bins, or every word; what is missing stands alone.

    Examples
    --------
    >>> from duetmind_adaptive.drift.estimation.design import fit_binning
    >>> binning = fit_binning(pa.table({"x": np.arange(10.0)}))
    >>> [each.words for each in intervals(binning, 0) if each.codes[3:].all()]
    ['x > 1.8']
    """
    return list(_intervals(binning, place))


def _intervals(binning: Binning, place: int) -> Iterator[Condition]:
    bins = _bins(binning, place)
    if isinstance(binning.cuts[place], pa.Array):
        yield from single(binning, place)
        return
    yield _between(binning, place, MISSING, MISSING)
    for low in (
        1,
        *range(3, bins - 1),
    ):  # the first two begin with the smallest value, the last two end with the largest
        for high in (*range(low + 1 if low == 1 else low, bins - 2), bins - 1):
            if (low, high) != (1, bins - 1):
                yield _between(binning, place, low, high)


def _bins(binning: Binning, place: int) -> int:
    return min(len(binning.cuts[place]) + 2, CODES)


def _between(binning: Binning, place: int, low: int, high: int) -> Condition:
    codes = np.arange(CODES)
    inside = (codes >= low) & (codes <= high)
    return Condition(place, inside, _words(binning.names[place], binning.cuts[place], low, high))


def _words(name: str, cut: Floats | pa.Array, low: int, high: int) -> str:
    if high == MISSING:
        return f"{name} is missing"
    if isinstance(cut, pa.Array):
        words = cast("list[object]", pa.array(cut).to_pylist())
        return f"{name} = {str(words[low - 1])!r}" if low <= len(words) else f"{name} is a rare word"
    if high == 1:
        return f"{name} < {cut[0]:.4g}"
    if low > len(cut):
        return f"{name} > {cut[-1]:.4g}"
    below = f"{cut[low - 2]:.4g} < " if low > 2 else ""
    above = f" ≤ {cut[high - 1]:.4g}" if high < len(cut) else ""
    return f"{below}{name}{above}" if below and above else f"{name}{above}" if above else f"{name} > {cut[low - 2]:.4g}"
