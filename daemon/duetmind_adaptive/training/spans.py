"""How far back to learn: after an abrupt change old rows hurt, without one every row helps, so it is tried out.

Spans of doubling length end where the rows to be judged begin. Each is fitted once and its loss measured on the newest
rows before those. Of spans within one standard error of the best the longest wins, because more rows make a steadier
model, but it is at most twice as long as the best: an unlimited rule drifts back to rows of a world that is gone.

Reference
---------
L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and Regression Trees" (1984), 3.4.3, for the
one-standard-error rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: of the window
MULTIPLES = (1, 2, 4, 8, 16)
#: how much longer than the best span the chosen one may be
STRETCH = 2
#: a span shorter than this is no candidate, however short windows are
SHORTEST = 100
#: labelled rows to judge on, at most
HOLD_OUT_MOST = 20_000
#: labelled rows to choose a span on, at least
VALIDATION_ROWS = 150


@dataclass(frozen=True, slots=True)
class Split:
    """Places in the line of labelled rows: older rows, validation rows from `validation`, the rest from `hold_out`."""

    validation: int
    hold_out: int


def split_rows(rows: NDArray[np.int64], *, seen: int, window: int, least: int) -> Split:
    """Cut the newest rows off to judge on, and the newest of the others to choose a span on.

    Parameters
    ----------
    rows
        The number of each labelled row, ascending.
    seen
        The champion learned from rows before this number; none of them is judged on.
    window
        Rows of a window: as many are judged on, half as many chosen on.
    least
        Rows to judge on at least, where the champion has not seen them.

    Examples
    --------
    >>> split_rows(np.arange(-2000, 3000), seen=2600, window=500, least=300)
    Split(validation=4350, hold_out=4600)
    """
    fresh = int((rows >= seen).sum())
    hold_out = min(max(window, least), HOLD_OUT_MOST, fresh)
    before = rows.size - hold_out
    validation = min(max(window // 2, VALIDATION_ROWS), before // 2)
    return Split(before - validation, before)


def candidate_spans(window: int, production: int, total: int) -> tuple[int, ...]:
    """Lengths to try, ascending: multiples of the window, all production rows, and everything.

    Parameters
    ----------
    window
        Rows of a window.
    production, total
        Labelled production rows before the rows to be judged, and those of the reference added.

    Examples
    --------
    >>> candidate_spans(500, 3000, 10_000)
    (500, 1000, 2000, 3000, 4000, 8000, 10000)
    """
    unit = max(window, SHORTEST)
    lengths = {unit * multiple for multiple in MULTIPLES} | {production, total}
    return tuple(sorted(length for length in lengths if SHORTEST <= length <= total)) or (total,)


def choose_span(losses: Mapping[int, Floats]) -> int:
    """The longest span within one standard error of the best one, row by row, and at most `STRETCH` times as long.

    Examples
    --------
    >>> short, long = np.array([0.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0])
    >>> choose_span({100: short, 200: long, 400: long})
    200
    >>> choose_span({100: short, 200: short + 1})
    100
    """
    best = min(losses, key=lambda span: float(losses[span].mean()))
    near = (span for span, loss in losses.items() if span == best or _within(loss - losses[best]))
    return max(span for span in near if span <= STRETCH * best)


def clearly_lower(losses: Floats, others: Floats) -> bool:
    """Whether `losses` are below `others`, row by row, by more than one standard error.

    Examples
    --------
    >>> others = np.array([0.5, 0.9, 0.4, 0.6])
    >>> clearly_lower(others - np.array([0.1, 0.2, 0.1, 0.2]), others), clearly_lower(others - 0.0, others)
    (True, False)
    """
    return not _within(others - losses)


def _within(difference: Floats) -> bool:
    return bool(difference.mean() <= difference.std(ddof=1) / np.sqrt(difference.size))
