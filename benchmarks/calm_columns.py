"""The columns of a check over 2,000 months of hourly windows while nothing changes, and how soon a change is found.

Each month has a reference of its own, learned from as in the daemon, and 720 windows of 1,000 rows that differ from
it by chance alone. What is simulated are the windows' mean scores, which of so many rows are normal;
`tests/unit/drift/test_calm.py` holds that to windows of rows. Counted is each time that columns begin to be called
moved; the bound is the exact one of a Poisson rate (Garwood 1936). Columns have half of the promised rate; the other
parts of a check have the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.calm_rate import upper_rate
from benchmarks.figures import Figure, at_most
from duetmind_adaptive.drift.budget import alarm_checks
from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.calm.learn import Cuts, learn_from_windows
from duetmind_adaptive.drift.calm.scores import ColumnScores
from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.columns import summarise

Floats = NDArray[np.float64]

#: so many windows to come, one after the other
Windows = Callable[[int], Iterator[Floats]]

ROWS, MONTH, HOUR = 1_000, 720, 3_600.0
CHECKS = alarm_checks(MONTH * HOUR, HOUR, "columns")
#: variance of a mean of AR(1) rows with a correlation of 0.7 over that of independent ones
AR = 1.7 / 0.3
SEED = 20_26


@dataclass(frozen=True, slots=True)
class World:
    """How unchanged data may behave."""

    name: str
    #: windows of the reference
    windows: int
    #: variance of a window's mean over that of independent rows
    design: float = 1.0
    #: standard deviations of a row by which the day and the week move the mean
    daily: float = 0.0
    weekly: float = 0.0


WORLDS = (
    World("independent", 50),
    World("AR(1) 0.7", 50, design=AR),
    World("season", 60 * 24, daily=0.5, weekly=0.3),
    World("season, AR(1) 0.7", 60 * 24, design=AR, daily=0.5, weekly=0.3),
)
COLUMNS = (5, 20, 50, 200)


def run(quick: bool) -> list[Figure]:
    """Months and power; `quick` shows that they run."""
    generator = np.random.default_rng(SEED)
    months = 1 if quick else 125
    alarms = [
        _month(world, columns, generator)
        for world in WORLDS
        for columns in (COLUMNS[:2] if quick else COLUMNS)
        for _ in range(months)
    ]
    return [
        Figure(
            name=f"columns, mean scores: {sum(alarms)} false alarms in {len(alarms)} months, upper 95 % bound",
            value=upper_rate(alarms),
            unit="a month",
            target=None if quick else at_most(1.2),
            exact=True,
        ),
        *_power(generator, 3 if quick else 200),
    ]


def _power(generator: np.random.Generator, trials: int) -> Iterator[Figure]:
    for world, shift, limit in ((WORLDS[0], 0.2, 1), (WORLDS[0], 0.1, 5), (WORLDS[1], 0.2, 6)):
        found = [_found(world, shift, generator) for _ in range(trials)]
        yield Figure(
            name=f"windows until 1 of 20 columns moved by {shift} sd is found, median ({world.name})",
            value=float(np.median(found)),
            unit="windows",
            target=at_most(limit),
        )


def _month(world: World, columns: int, generator: np.random.Generator) -> int:
    """False alarms of one month."""
    watch, windows = _world(world, columns, generator)
    evidence, alarms, before = Evidence.none(watch.size), 0, False
    for at, means in enumerate(windows(MONTH)):
        evidence = _see(watch, evidence, means, at)
        now = bool(watch.judge(evidence, CHECKS).moved)
        alarms, before = alarms + (now and not before), now
    return alarms


def _found(world: World, shift: float, generator: np.random.Generator, most: int = 40) -> int:
    """Windows until a change of the first of 20 columns is found."""
    watch, windows = _world(world, 20, generator)
    evidence = Evidence.none(watch.size)
    for at, means in enumerate(windows(most)):
        means[0] += shift
        evidence = _see(watch, evidence, means, at)
        if watch.judge(evidence, CHECKS).moved:
            return at + 1
    return most


def _see(watch: Watch, evidence: Evidence, means: Floats, at: int) -> Evidence:
    rows = np.full(watch.size, float(ROWS))
    return watch.see_means(evidence, means, rows, row=at * ROWS, moment=at * HOUR, checks=CHECKS)


def _world(
    world: World, columns: int, generator: np.random.Generator
) -> tuple[Watch, Callable[[int], Iterator[Floats]]]:
    """A watch that learned from a reference, and the windows to come, relative to that reference."""
    plain = Watch.of({f"c{at}": PROFILE for at in range(columns)})
    moments = (np.arange(world.windows) + 0.5) * HOUR
    reference = _draw(world, columns, moments, generator)
    design = np.where(plain.weights > 0, world.design * np.exp(generator.normal(0, 0.05, plain.size)), 1.0)
    cuts = Cuts(np.arange(world.windows) * ROWS, world.windows * ROWS, moments)
    natural = learn_from_windows(reference, np.maximum(design, 1.0), cuts)
    mean, first = reference.mean(axis=0), world.windows - world.windows % (7 * 24)

    def windows(count: int) -> Iterator[Floats]:
        yield from _draw(world, columns, (first + np.arange(count) + 0.5) * HOUR, generator) - mean

    return Watch(plain.columns, natural, plain.owners, plain.weights), windows


def _draw(world: World, columns: int, moments: Floats, generator: np.random.Generator) -> Floats:
    """Mean scores of windows in the middle of which it is `moments`, shape (windows, scores)."""
    noise = generator.normal(size=(moments.size, columns, FACTOR.shape[0])) @ FACTOR.T * np.sqrt(world.design / ROWS)
    day, week = moments / (24 * HOUR), moments // (24 * HOUR) % 7 >= 5
    season = world.daily * np.sin(2 * np.pi * day) + world.weekly * week
    noise[:, :, 0] += season[:, np.newaxis]
    return noise.reshape(moments.size, -1)


def _score_factor() -> Floats:
    """A root of the covariance of the scores of normal rows, as the reference's ranks make them."""
    rows = ColumnScores.of(PROFILE).rows(pa.chunked_array([PROFILE.values]))
    values, vectors = np.linalg.eigh(np.cov(rows.T))
    return vectors * np.sqrt(np.clip(values, 0.0, None))


PROFILE = summarise("x", pa.chunked_array([ndtri((np.arange(50_000) + 0.5) / 50_000)]))
FACTOR = _score_factor()
