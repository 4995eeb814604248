"""How many windows pass until a check tells of a change of the model, or of the columns together, all calm kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.calm_checks import SEED, TOLD, in_processes
from benchmarks.calm_world import Change, World, deploy, walk
from benchmarks.figures import Figure

TRIALS, MOST = 20, 48
PLAIN, DEPENDENT = World("independent"), World("AR(1) 0.7", alike=0.7)
#: an accuracy of 0.755 falls by 0.0255 for each tenth of the labels that is drawn anew
FALLS_BY_2, FALLS_BY_5 = Change("accuracy falls by 0.02", noise=0.08), Change("accuracy falls by 0.05", noise=0.2)
TURNED = Change("the main slope turns where another column is large", turned=-1.0, within=0.8)
FLATTER = Change("the main slope halves everywhere", turned=0.5)
TOGETHER = Change("two columns begin to correlate by 0.3", correlation=0.3)

#: a change, and the part of a check that should tell it
CASES = (
    (PLAIN, FALLS_BY_5, "metric"),
    (PLAIN, FALLS_BY_5, "all"),
    (PLAIN, FALLS_BY_2, "all"),
    (DEPENDENT, FALLS_BY_5, "metric"),
    (PLAIN, TURNED, "concept"),
    (PLAIN, TURNED, "segments"),
    (PLAIN, FLATTER, "concept"),
    (PLAIN, TOGETHER, "multivariate"),
    (DEPENDENT, TOGETHER, "multivariate"),
)

Order = tuple[World, Change, str, int, int]


def run(quick: bool) -> Iterator[Figure]:
    """Medians; the most windows that are waited for stands for all beyond."""
    cases, trials, most = (CASES[4:5], 2, 6) if quick else (CASES, TRIALS, MOST)
    orders: list[Order] = [(*case, seed, most) for case in cases for seed in range(trials)]
    waited = dict(zip(orders, in_processes(_waited, orders), strict=True))
    for world, change, part in cases:
        found = [windows for order, windows in waited.items() if order[:3] == (world, change, part)]
        yield Figure(
            name=f"windows until {change.name} is told by {part}, median of {len(found)} ({world.name})",
            value=float(np.median(found)),
            unit="windows",
        )


def _waited(order: Order) -> int:
    world, change, part, seed, most = order
    rng = np.random.default_rng([SEED, seed])
    with tempfile.TemporaryDirectory() as folder:
        for at, report in enumerate(walk(deploy(world, rng, Path(folder)), most, rng, change)):
            if TOLD[part](report):
                return at + 1
    return most
