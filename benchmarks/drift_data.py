"""Two samples of 40 numeric and 10 categorical columns, of which 18 truly drift: the work that peers are given too.

Every third column moves, and in three ways: mean (0.2 sd), scale (× 1.25), tail (5 % of the rows × 4); categories lose
a fifth of the first half of their values, one has a value that is new. One in eight numeric columns has holes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

NUMBERS = 40
CATEGORIES = (3, 5, 8, 12, 20, 30, 50, 80, 120, 200)
SHAPES = ("normal", "lognormal", "ints", "heavy")
WAYS = ("mean", "scale", "tail")
#: the category that gets a new value, and how often
RENEWED, NEW_SHARE = 6, 0.01


class Workload(NamedTuple):
    """Both samples, and which columns truly moved."""

    reference: pa.Table
    current: pa.Table
    moved: frozenset[str]

    def write(self, folder: Path) -> None:
        """Put both samples there as Parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.reference, folder / "reference.parquet")
        pq.write_table(self.current, folder / "current.parquet")


def make(rows: int, seed: int, *, drift: bool = True) -> Workload:
    """The workload of `rows` rows on either side; without `drift` nothing moved."""
    generator = np.random.default_rng(seed)
    before, after, moved = dict[str, pa.Array](), dict[str, pa.Array](), set[str]()
    for at in range(NUMBERS):
        name, moves = f"num_{at:02d}_{SHAPES[at % 4]}", drift and at % 3 == 0
        before[name] = _numbers(generator, rows, at, moves=False)
        after[name] = _numbers(generator, rows, at, moves=moves)
        moved |= {name} if moves else set()
    for at, kinds in enumerate(CATEGORIES):
        name, moves = f"cat_{at:02d}_{kinds}", drift and at % 3 == 0
        before[name] = _words(generator, rows, at, moves=False)
        after[name] = _words(generator, rows, at, moves=moves)
        moved |= {name} if moves else set()
    return Workload(pa.table(before), pa.table(after), frozenset(moved))


def wide(rows: int, columns: int, seed: int) -> Workload:
    """The workload's columns again and again, under other names, until there are `columns` of them."""
    one = make(rows, seed)
    held = one.reference.column_names
    names = [f"{held[at % len(held)]} {at // len(held)}" for at in range(columns)]
    places = [at % len(held) for at in range(columns)]
    return Workload(
        one.reference.select(places).rename_columns(names),
        one.current.select(places).rename_columns(names),
        frozenset(name for name in names if name.rpartition(" ")[0] in one.moved),
    )


def _numbers(generator: np.random.Generator, rows: int, at: int, *, moves: bool) -> pa.Array:
    values = generator.standard_normal(rows)
    way = WAYS[at // 3 % 3] if moves else ""
    if way == "mean":
        values = values + 0.2
    elif way == "scale":
        values = values * 1.25
    elif way == "tail":
        values = np.where(generator.random(rows) < 0.05, values * 4, values)
    values = _shaped(values, SHAPES[at % 4])
    holes = generator.random(rows) < 0.05 if at % 8 == 5 else None
    return pa.array(values, mask=holes)


def _shaped(values: NDArray[np.float64], shape: str) -> NDArray[np.float64]:
    if shape == "lognormal":
        return np.exp(values)
    if shape == "ints":
        return np.floor(values * 3)
    return np.sinh(1.5 * values) if shape == "heavy" else values


def _words(generator: np.random.Generator, rows: int, at: int, *, moves: bool) -> pa.Array:
    kinds = CATEGORIES[at]
    chances = np.linspace(2, 1, kinds)
    if moves:
        chances[: kinds // 2] *= 0.8
    codes = generator.choice(kinds, rows, p=chances / chances.sum())
    if moves and at == RENEWED:
        codes = np.where(generator.random(rows) < NEW_SHARE, kinds, codes)
    return pa.array([*(f"c{kind}" for kind in range(kinds)), "brand_new"]).take(pa.array(codes))
