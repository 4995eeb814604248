"""How often the gate blocks a challenger for a part of the traffic: as good everywhere, and worse in one small part.

Worlds have 11 columns (four and six categories, one Boolean, eight numbers), which make 44 parts. The margin is that of
`benchmarks.gate`, at the confidence that the metric shares with its probabilities: half the width of the interval.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.figures import Bound, Figure, at_most
from duetmind_adaptive.registry.moving_blocks import block_length
from duetmind_adaptive.registry.segments import DOUBT, Segment, lost_most, segments_of
from duetmind_adaptive.stats.intervals import wilson

ROWS, MORE_ROWS = 1_000, 4_000
RIGHT, CONFIDENCE = 0.8, 0.975
KINDS = {"site": "categorical", "job": "categorical", "night": "boolean"} | {f"x{i}": "numeric" for i in range(8)}
NORTH = "site = 'north'"


def blocked(count: int) -> list[Figure]:
    """Shares of `count` worlds a case, with the 95 % interval in the name."""
    return [
        _rate("as good in every part", count, target=at_most(DOUBT)),
        _rate("as good in every part, rows err together", count, together=0.3, target=at_most(DOUBT)),
        _rate("as good in every part, errors of 4 degrees of freedom", count, numbers=True, target=at_most(DOUBT)),
        _rate("a tenth loses 4 margins", count, margins=4),
        _rate("a tenth loses 6 margins", count, margins=6),
        _rate("a tenth loses 8 margins", count, margins=8),
        _rate("a tenth loses 4 margins", count // 2, margins=4, rows=MORE_ROWS),
        _rate("a fifth loses 4 margins", count, margins=4, share=0.2),
    ]


def _rate(
    name: str,
    count: int,
    *,
    rows: int = ROWS,
    share: float = 0.1,
    margins: float = 0.0,
    together: float = 0.0,
    numbers: bool = False,
    target: Bound | None = None,
) -> Figure:
    lose = margins * norm.ppf(CONFIDENCE) * sqrt(2 * RIGHT * (1 - RIGHT) / rows)
    found = 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        parts = segments_of(_frame(rng, rows, share), KINDS)
        gain = _errors(rng, rows) if numbers else _hits(rng, parts, rows, lose, together)
        lost = lost_most(gain, parts, block=block_length(rows), confidence=CONFIDENCE, right_or_wrong=not numbers)
        found += lost is not None and (not margins or lost.where == NORTH)
    interval = wilson(found, count, 0.95)
    said = f"{name}, {rows:,} rows ({found} of {count:,}; 95 %: {interval.low:.3f} to {interval.high:.3f})"
    return Figure(name=f"blocked: {said}", value=found / count, unit="", target=target)


def _frame(rng: np.random.Generator, rows: int, share: float) -> pd.DataFrame:
    rest = (1 - share) / 3
    named = {
        "site": rng.choice(["north", "east", "south", "west"], rows, p=[share, rest, rest, rest]),
        "job": rng.choice(list("abcdef"), rows),
        "night": rng.integers(0, 2, rows).astype(float),
    }
    return pd.DataFrame(named | {f"x{i}": rng.normal(size=rows) for i in range(8)})


def _hits(
    rng: np.random.Generator, parts: list[Segment], rows: int, lose: float, together: float
) -> NDArray[np.float64]:
    """Two models that err independently of each other; one of them more where the site is north."""
    north = next(each.inside for each in parts if each.where == NORTH)
    champion, challenger = (norm.cdf(_series(rng, rows, together)) for _ in range(2))
    return (champion >= RIGHT).astype(np.float64) - (challenger >= np.where(north, RIGHT - lose, RIGHT))


def _errors(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    """Squared errors with heavy tails."""
    champion, challenger = rng.standard_t(4, size=(2, rows)) ** 2
    return np.asarray(champion - challenger)


def _series(rng: np.random.Generator, rows: int, together: float) -> NDArray[np.float64]:
    """Standard normal, each value correlated with the one before."""
    values = rng.normal(size=rows)
    for at in range(1, rows if together else 0):
        values[at] = together * values[at - 1] + sqrt(1 - together**2) * values[at]
    return values
