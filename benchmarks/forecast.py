"""Looking ahead: do intervals of crossing times hold what comes, and how often is a crossing foretold of what stands.

Simulated: one forecast of each history, so that cases are independent; intervals of shares are Wilson's. Real: the
streams' effects and metrics (`forecast_streams.py`); neighbouring forecasts are about one and the same future there, so
not their number but that of the thresholds and columns says how sure the share is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import chdtri

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.forecast_streams import STARTS, STREAMS, Foretold, asked
from benchmarks.forecast_worlds import (
    CHECKS,
    EVIDENCE,
    FLAT,
    MOVING,
    SERIES,
    WINDOWS,
    Case,
    false_predictions,
    moving_case,
)
from duetmind_adaptive.stats.intervals import wilson

SEED = 20_26


def run(quick: bool) -> list[Figure]:
    """Simulated and real; `quick` shows that they run."""
    generator = np.random.default_rng(SEED)
    return [
        *_coverage(generator, 15 if quick else 150),
        *_false(generator, 1 if quick else 20),
        *(_real(STREAMS[-1:], STARTS[-1:]) if quick else _real(STREAMS, STARTS)),
    ]


def _coverage(generator: np.random.Generator, histories: int) -> Iterator[Figure]:
    given = dict[str, list[Case]]()
    for world in MOVING:
        asked = (moving_case(world, generator) for _ in range(histories))
        given[world] = [case for case in asked if case is not None]
        yield from _share(f"80 % intervals hold the crossing, {world}", [case.covered for case in given[world]])
    every = [case for cases in given.values() for case in cases]
    yield from _share("80 % intervals hold the crossing, all worlds", [case.covered for case in every], held=True)
    yield from _share("80 % intervals hold the crossing of the level itself", [case.level_covered for case in every])


def _share(name: str, covered: list[bool], *, held: bool = False) -> Iterator[Figure]:
    """The share, twice where it is held to a range."""
    if not covered:
        return
    low, high = wilson(sum(covered), len(covered))
    share = 100 * float(np.mean(covered))
    told = f"{name} (n = {len(covered)}, Wilson {100 * low:.0f} to {100 * high:.0f} %)"
    yield Figure(name=told, value=share, unit="%", target=at_least(70) if held else None)
    if held:
        yield Figure(name=f"{name}, at most", value=share, unit="%", target=at_most(90))


def _false(generator: np.random.Generator, histories: int) -> Iterator[Figure]:
    """Of models of `SERIES` flat series each: the exact upper bound of a Poisson rate (Garwood 1936)."""
    begun = {world: sum(false_predictions(world, generator) for _ in range(histories)) for world in FLAT}
    checks = histories * WINDOWS * len(FLAT) // SERIES
    upper = float(chdtri(2 * (sum(begun.values()) + 1), 0.05)) / 2 / checks * CHECKS
    worst = max(begun, key=lambda world: begun[world])
    yield Figure(
        name=f"false predictions in {CHECKS:.0f} checks of {SERIES} flat series, upper 95 % bound "
        f"({sum(begun.values())} in {checks:,} checks; most: {begun[worst]}, {worst})",
        value=upper,
        unit="",
        target=at_most(1) if histories > 1 else None,
    )


def _real(streams: tuple[str, ...], starts: tuple[float, ...]) -> Iterator[Figure]:
    every = list[Foretold]()
    for name in streams:
        cases = [case for start in starts for case in asked(name, start, EVIDENCE)]
        yield from _shares(f"real: {name}", cases)
        every += cases
    yield from _shares("real: all streams", every)


def _shares(name: str, cases: list[Foretold]) -> Iterator[Figure]:
    """Of the forecasts, and of how many crossings and columns they are."""
    events, columns = ({getattr(case, of) for case in cases} for of in ("event", "column"))
    told = f"{name}, {len(events)} thresholds of {len(columns)} columns"
    yield from _share(told, [case.covered for case in cases])
    yield from _share(f"{told}, intervals that end", [case.covered for case in cases if case.ends])
