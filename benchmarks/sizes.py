"""Whether the verdict on a change depends on how many rows show it: effect decides, significance only guards.

One data set has a column for each kind of change, of each by nothing, by half of the smallest effect that counts and by
more than twice as much; it is compared in ever larger parts of itself, 1,000 to 1,000,000 rows, so that each verdict
may be held against those on more rows. Dust must be called drift at no size; what was called drift must be so on more
rows too; and a change that counts must be found at the latest on 100,000 rows.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import betaincinv

from benchmarks.figures import Figure, at_least, at_most
from duetmind_adaptive import compare
from duetmind_adaptive.tasks.compare import EFFECT

SIZES, SIZES_QUICK = (1_000, 10_000, 100_000, 1_000_000), (1_000, 10_000)
REPEATS, REPEATS_QUICK = 8, 1
#: rows in which every change that counts has to be seen
ENOUGH = 100_000
#: categories of a column of words, equally frequent until rows of all of them go over to the first
WORDS = 20
#: true total variation of a small change of a normal's mean and spread by one standard deviation
OF_MEAN, OF_SPREAD = 0.39894, 0.48394


class Change(NamedTuple):
    """One column: what moved, and by how much: 0 is nothing."""

    kind: str
    amount: float

    @property
    def effect(self) -> float:
        """The share of rows that would have to change for the column to be as it was."""
        return {"mean": OF_MEAN, "spread": OF_SPREAD, "words": 1 - 1 / WORDS}.get(self.kind, 1.0) * self.amount


CHANGES = (
    *(Change("mean", amount) for amount in (0.0, 0.025, 0.1, 0.2, 0.5)),
    *(Change("spread", amount) for amount in (0.0, 0.02, 0.1, 0.25)),
    *(Change("tail", amount) for amount in (0.0, 0.01, 0.05, 0.2)),
    *(Change("words", amount) for amount in (0.0, 0.01, 0.05, 0.1)),
    *(Change("missing", amount) for amount in (0.0, 0.01, 0.05, 0.1)),
)


def run(quick: bool) -> list[Figure]:
    """Compare growing parts of many data sets (quick: one, up to 10,000 rows)."""
    sizes, repeats = (SIZES_QUICK, REPEATS_QUICK) if quick else (SIZES, REPEATS)
    verdicts = defaultdict[Change, list[tuple[bool, ...]]](list)
    for seed in range(repeats):
        for change, called in _verdicts(sizes, seed).items():
            verdicts[change].append(called)
    return _figures(verdicts, sizes)


def _verdicts(sizes: tuple[int, ...], seed: int) -> dict[Change, tuple[bool, ...]]:
    generator = np.random.default_rng(seed)
    before, after = (
        pa.table({_name(change): _column(generator, sizes[-1], change, moves=moves) for change in CHANGES})
        for moves in (False, True)
    )
    found = [compare(before.slice(0, rows), after.slice(0, rows)).report for rows in sizes]
    called = [{column.name for column in report.columns if column.drift} for report in found]
    return {change: tuple(_name(change) in names for names in called) for change in CHANGES}


def _name(change: Change) -> str:
    return f"{change.kind} {change.amount:g}"


def _column(generator: np.random.Generator, rows: int, change: Change, *, moves: bool) -> pa.Array:
    amount = change.amount if moves else 0.0
    chosen = generator.random(rows) < amount
    if change.kind == "words":
        places = np.where(chosen, 0, generator.integers(0, WORDS, rows))
        return pa.array([f"w{place}" for place in range(WORDS)]).take(pa.array(places))
    values = generator.standard_normal(rows)
    if change.kind == "missing":
        return pa.array(values, mask=chosen)
    return pa.array(_moved(values, change.kind, amount, chosen))


def _moved(values: NDArray[np.float64], kind: str, amount: float, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    if kind == "tail":
        return np.where(chosen, 8 * np.abs(values) + 4, values)
    return values + amount if kind == "mean" else values * (1 + amount)


def _figures(verdicts: dict[Change, list[tuple[bool, ...]]], sizes: tuple[int, ...]) -> list[Figure]:
    dust = [called for change, every in verdicts.items() if change.effect < EFFECT for called in every]
    counting = [called for change, every in verdicts.items() if change.effect >= EFFECT for called in every]
    back = sum(before and not after for called in counting for before, after in pairwise(called))
    figures = [Figure(name="drift taken back on more rows", value=back, unit="", target=at_most(0))]
    for at, rows in enumerate(sizes):
        told, seen = sum(called[at] for called in dust), sum(called[at] for called in counting)
        bound = float(betaincinv(told + 1, len(dust) - told, 0.95))
        figures += [
            Figure(
                name=f"{rows:,} rows: {told} of {len(dust)} columns of dust called drift, upper 95 % bound",
                value=bound,
                unit="",
                target=at_most(0.05),
            ),
            Figure(
                name=f"{rows:,} rows: share of {len(counting)} columns that moved enough called drift",
                value=seen / len(counting),
                unit="",
                target=at_least(1) if rows >= ENOUGH else None,
            ),
        ]
    return figures
