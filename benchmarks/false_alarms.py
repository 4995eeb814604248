"""False alarms: incidents that open in months of hourly checks while nothing changes, beside the stated budget.

Every month has a reference, a champion and 720 windows of its own; what opens incidents is the daemon's own code
(`benchmarks/false_alarms_month.py` says what is left out). The world of a month is one of `WORLDS`, in turn. A whole
thousand takes hours: the months that are done after `SECONDS` are what is told, and how many they were.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from benchmarks.calm_checks import FORTNIGHT, HOURS
from benchmarks.calm_rate import upper_rate
from benchmarks.calm_world import World
from benchmarks.false_alarms_month import PARTS, month
from benchmarks.figures import Figure, at_most

MONTHS, SECONDS, SEED = 1_000, 40 * 60.0, 15
#: months between two lines of progress
TOLD_EVERY = 20
#: the upper bound may exceed the budget, one incident in 30 days, by so much
BUDGET, BEYOND = 1.0, 1.2

WORLDS = (
    World("independent rows, accuracy", columns=4, rows=100, reference=100),
    World("AR(1) 0.7, accuracy", columns=4, rows=100, reference=100, alike=0.7),
    World("season, log loss", columns=4, rows=100, season=0.5, reference=FORTNIGHT, metric="log_loss"),
    World("heavy tails, AR(1) 0.7, RMSE", columns=4, rows=100, reference=100, heavy=True, alike=0.7, metric="rmse"),
    World("labels 5 windows late, F1", columns=4, rows=100, reference=100, delay=5, metric="f1"),
    World("8 columns, balanced accuracy", columns=8, rows=200, reference=100, metric="balanced_accuracy"),
)

Month = tuple[World, Counter[str]]


def run(quick: bool) -> list[Figure]:
    """The rate over all worlds, that of each, and what told; `quick` shows that it runs."""
    if quick:
        return list(figures([_month(0, 12)], 12, held=False))
    return list(figures(simulated(range(MONTHS), SECONDS), HOURS, held=True))


def simulated(orders: Sequence[int], seconds: float) -> list[Month]:
    """The months of these numbers, side by side, as many as are done in time."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    began, done = time.monotonic(), list[Month]()
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_month, order, HOURS) for order in orders]):
            done.append(future.result())
            if len(done) % TOLD_EVERY == 0:
                _progress(done, time.monotonic() - began)
            if time.monotonic() - began > seconds:
                pool.shutdown(wait=True, cancel_futures=True)
                break
    return done


def _month(order: int, hours: int) -> Month:
    world = WORLDS[order % len(WORLDS)]
    return world, month(world, hours, (SEED, order))


def _progress(done: Sequence[Month], seconds: float) -> None:
    incidents = sum(counts["incidents"] for _, counts in done)
    print(f"{len(done)} months, {incidents} incidents, {seconds:.0f} s", file=sys.stderr, flush=True)


def figures(months: Sequence[Month], hours: int, *, held: bool) -> Iterator[Figure]:
    """What so many months of so many hours came to; the bound on all of them is held to the budget if `held`."""
    yield _rate("all", [counts["incidents"] for _, counts in months], hours, held=held)
    for world in WORLDS:
        if alarms := [counts["incidents"] for each, counts in months if each == world]:
            yield _rate(world.name, alarms, hours)
    for part in PARTS:
        yield _rate(f"told by: {part}", [counts[part] for _, counts in months], hours)
    share = sum(counts["open"] for _, counts in months) / (len(months) * hours)
    yield Figure(name="checks with an incident open", value=100 * share, unit="%", exact=True)


def _rate(what: str, alarms: Sequence[int], hours: int, *, held: bool = False) -> Figure:
    months = len(alarms) * hours / HOURS
    return Figure(
        name=f"{what}: {sum(alarms)} in {months:.3g} model-months, upper 95 % bound",
        value=upper_rate(alarms) * HOURS / hours,
        unit="a month",
        target=at_most(BEYOND * BUDGET) if held else None,
        exact=True,
    )
