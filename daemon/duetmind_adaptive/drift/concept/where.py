"""Where in feature space the relation changed, in words: the leaves of a small tree over what a new model helps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Codes, Floats
from duetmind_adaptive.drift.estimation.design import CODES, MISSING, Binning

Mask = NDArray[np.bool_]

#: conditions of a leaf, and share of the rows that it has at least
DEPTH, LEAST_SHARE = 2, 0.05
#: leaves named, and how many times the average their rows must gain
NAMED, ABOVE = 2, 1.3


def where(binning: Binning, codes: Codes, helped: Floats) -> tuple[str, ...]:
    """Conditions of the regions in which the new model helps most, best first; empty where it is everywhere alike.

    Parameters
    ----------
    binning
        How the columns were cut.
    codes
        Bins of the rows, shape (n, d).
    helped
        How much each row gains, shape (n,).

    Examples
    --------
    >>> from duetmind_adaptive.drift.estimation.design import fit_binning
    >>> rng = np.random.default_rng(1)
    >>> table = pa.table({"age": rng.uniform(20, 70, 2000).round(), "job": rng.choice(["clerk", "cook"], 2000)})
    >>> changed = (table["age"].to_numpy() > 50) & (table["job"].to_numpy() == "cook")
    >>> binning = fit_binning(table)
    >>> where(binning, binning.codes(table), changed + rng.normal(size=2000))
    ("age > 50 and job = 'cook'",)
    """
    leaves = list(_grow(codes, helped, np.ones(len(codes), dtype=np.bool_), ()))
    overall = float(helped.mean())
    telling = [
        (float(helped[mask].mean()), conditions)
        for mask, conditions in leaves
        if conditions and helped[mask].mean() > ABOVE * max(overall, 0.0)
    ]
    telling.sort(key=lambda leaf: -leaf[0])
    return tuple(" and ".join(_words(binning, each) for each in conditions) for _, conditions in telling[:NAMED])


#: column, bin, and whether its rows are those above the bin (numbers), in it (words: True) or not
Condition = tuple[int, int, bool]


def _grow(
    codes: Codes, helped: Floats, mask: Mask, conditions: tuple[Condition, ...]
) -> Iterator[tuple[Mask, tuple[Condition, ...]]]:
    split = _best_split(codes, helped, mask) if len(conditions) < DEPTH else None
    if split is None:
        yield mask, conditions
        return
    place, at = split
    inside = mask & (codes[:, place] > at)
    yield from _grow(codes, helped, inside, (*conditions, (place, at, True)))
    yield from _grow(codes, helped, mask & ~inside, (*conditions, (place, at, False)))


def _best_split(codes: Codes, helped: Floats, mask: Mask) -> tuple[int, int] | None:
    """The cut that explains most variance, if it explains more than chance would of the best of all cuts."""
    least, rows = LEAST_SHARE * len(codes), int(mask.sum())
    values = helped[mask]
    spread = float(values.var())
    best, found = 2 * np.log(max(codes.shape[1] * CODES, 2)) * spread, None
    for place in range(codes.shape[1]):
        held = codes[mask, place]
        counts = np.cumsum(np.bincount(held, minlength=CODES))
        sums = np.cumsum(np.bincount(held, values, CODES))
        below, above = np.maximum(counts, 1), np.maximum(rows - counts, 1)
        gain = (sums / below - (sums[-1] - sums) / above) ** 2 * below * above / rows
        gain[(counts < least) | (rows - counts < least)] = 0.0
        if gain.max() > best:
            best, found = float(gain.max()), (place, int(gain.argmax()))
    return found


def _words(binning: Binning, condition: Condition) -> str:
    place, at, above = condition
    name, cut = binning.names[place], binning.cuts[place]
    if isinstance(cut, pa.Array):
        words = [str(word) for word in cast("pa.Array", cut).to_pylist()]
        below, beyond = words[:at], words[at:]
        if at == MISSING:
            return f"{name} is {'present' if above else 'missing'}"
        if above:
            return f"{name} = {beyond[0]!r}" if len(beyond) == 1 else f"{name} is none of {_listed(below)}"
        return f"{name} = {below[0]!r}" if len(below) == 1 else f"{name} is one of {_listed(below)}"
    if at == MISSING:
        return f"{name} is {'present' if above else 'missing'}"
    return f"{name} {'>' if above else '≤'} {cut[at - 1]:.4g}"


def _listed(words: list[str]) -> str:
    return ", ".join(repr(word) for word in words)
