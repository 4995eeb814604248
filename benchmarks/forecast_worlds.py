"""Simulated series of windows for the backtest of forecasts: what moves, what stands still, and what disturbs both.

A value's unit is the standard deviation of the noise; windows are an hour each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.forecast.crossing import FEWEST, MOST_WINDOWS, crossing
from duetmind_adaptive.drift.forecast.outlook import LEAST_T, level_of
from duetmind_adaptive.drift.series import Series
from duetmind_adaptive.stats.first_passage import running_median
from duetmind_adaptive.stats.trend_screen import steepest

Floats = NDArray[np.float64]
Generator = np.random.Generator

HOUR, ROWS = 3_600.0, 1_000
#: windows of one history, and series of the model that a forecast is made for
WINDOWS, SERIES = 400, 10
#: what that model's promise comes to: hourly checks, one false alarm in 30 days
CHECKS = 720.0
EVIDENCE = level_of(SERIES, CHECKS)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One history: what is seen, the same without its season, and the level under it."""

    seen: Floats
    plain: Floats
    level: Floats


@dataclass(frozen=True, slots=True)
class Case:
    """A forecast that was given, and what came of it."""

    #: whether the interval holds the crossing of the running median, and that of the level
    covered: bool
    level_covered: bool


def white(windows: int, generator: Generator) -> Floats:
    """Independent noise."""
    return generator.normal(size=windows)


def dependent(windows: int, generator: Generator, correlation: float = 0.6) -> Floats:
    """AR(1) noise."""
    fresh = generator.normal(size=windows) * math.sqrt(1 - correlation**2)
    fresh[0] /= math.sqrt(1 - correlation**2)
    for at in range(1, windows):
        fresh[at] += correlation * fresh[at - 1]
    return fresh


def heavy(windows: int, generator: Generator) -> Floats:
    """Student's t with three degrees of freedom, variance 1."""
    return generator.standard_t(3, size=windows) / math.sqrt(3)


def struck(windows: int, generator: Generator) -> Floats:
    """White noise, and every thirtieth window twelve deviations off."""
    return white(windows, generator) + (generator.random(windows) < 1 / 30) * generator.choice([-12.0, 12.0], windows)


NOISES: dict[str, Callable[[int, Generator], Floats]] = {
    "white": white,
    "AR(1) 0.6": dependent,
    "heavy tails": heavy,
    "single outliers": struck,
}
#: how the level moves; noise is white where the name says nothing of it
MOVING = (*NOISES, "begins late", "ends", "rate wanders", "step before", "season")
FLAT = (*NOISES, "step before", "season")


def path(world: str, generator: Generator, *, now: int, moves: bool = True) -> Path:
    """One history of a world.

    Parameters
    ----------
    world
        Of `MOVING` or `FLAT`.
    generator
        Of everything in it.
    now
        The window at which a forecast is asked for: what disturbs comes before it.
    moves
        Whether the level rises at all, by 0.02 to 0.3 a window.
    """
    time = np.arange(WINDOWS)
    rate = math.exp(generator.uniform(math.log(0.02), math.log(0.3))) if moves else 0.0
    level = rate * time
    if world == "begins late":
        level = rate * np.maximum(time - generator.integers(0, now - 8), 0.0)
    if world == "ends":
        level = rate * np.minimum(time, generator.integers(now // 2, WINDOWS))
    if world == "rate wanders":
        level = np.cumsum(rate * np.exp(np.cumsum(generator.normal(0.0, 0.03, WINDOWS))))
    if world == "step before":
        level = level + generator.choice([-15.0, 15.0]) * (time >= generator.integers(3, now - 12))
    plain = level + NOISES.get(world, white)(WINDOWS, generator)
    season = 2 * np.sin(2 * np.pi * time / 24) if world == "season" else np.zeros(WINDOWS)
    return Path(plain + season, plain, level)


def series(values: Floats) -> Series:
    """As the memory keeps it."""
    rows = ROWS * np.arange(values.size)
    return Series(values, rows, rows + ROWS, HOUR * (np.arange(values.size) + 1.0))


def ask(drawn: Path, now: int, threshold: float, evidence: float = EVIDENCE) -> Case | None:
    """A forecast at a window of a history; None where nothing is foretold."""
    if np.median(drawn.plain[now - 5 : now]) >= threshold or not may_rise(drawn.seen[:now]):
        return None
    found = crossing(series(drawn.seen[:now]), threshold, falls=False, evidence=evidence)
    if found is None or math.isinf(found.passage.median):
        return None
    ahead = slice(now - 2, now - 2 + found.horizon)  # a running median's first value is that of the third window
    crosses = first(running_median(drawn.plain)[ahead] >= threshold)
    level = first(drawn.level[now : now + found.horizon] >= threshold)
    low, high = found.passage.low, found.passage.high
    return Case(low <= crosses <= high, low <= level <= high)


def moving_case(world: str, generator: Generator) -> Case | None:
    """A forecast at a random window of a rising history, of a threshold 1.5 to 12 deviations away."""
    now = int(generator.integers(80 if world == "season" else 16, 180))
    drawn = path(world, generator, now=now)
    away = math.exp(generator.uniform(math.log(1.5), math.log(12)))
    return ask(drawn, now, float(drawn.level[now - 1]) + away)


def false_predictions(world: str, generator: Generator, windows: int = WINDOWS) -> int:
    """How often a prediction begins in one flat history, asked window by window as the daemon does."""
    drawn = path(world, generator, now=windows // 2, moves=False)
    begun, before = 0, False
    for now in range(FEWEST, windows):
        told = _told(drawn.seen[:now])
        begun, before = begun + (told and not before), told
    return begun


def _told(values: Floats) -> bool:
    if not may_rise(values):
        return False
    limit = float(np.median(values[-5:])) + 3.0
    found = crossing(series(values), limit, falls=False, evidence=EVIDENCE)
    return found is not None and math.isfinite(found.passage.low)


def may_rise(values: Floats) -> bool:
    """The screen that a check puts before a closer look."""
    return float(steepest(values[np.newaxis, -MOST_WINDOWS:]).t[0]) >= LEAST_T


def first(holds: NDArray[np.bool_]) -> float:
    """The first place that holds, counted from 1; infinity where none does."""
    return float(holds.argmax() + 1) if holds.any() else math.inf
