"""Whole months of the daemon's hourly check while nothing changes: what each part tells wrongly, and all together.

Every month has a reference, a champion and rows of its own. Counted is each time that a part begins to tell of a
change; a part's share of the promise is in `drift/budget.py`. Months run side by side, one process for each core.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.calm_rate import upper_rate
from benchmarks.calm_world import World, deploy, walk
from benchmarks.figures import Figure, at_most
from duetmind_adaptive.check_report import CheckReport

Order = TypeVar("Order")
Answer = TypeVar("Answer")

HOURS, MONTHS, SEED = 720, 3, 20_26
#: months of worlds in which three hold an alarm and decide nothing
MORE = {"season of errors, AR(1) 0.7": 9}
#: windows of a reference that shows days and weekends
FORTNIGHT = 14 * 24

WORLDS = (
    World("independent"),
    World("AR(1) 0.7", alike=0.7),
    World("season, log loss", season=0.5, reference=FORTNIGHT, metric="log_loss"),
    World("season of errors, AR(1) 0.7", alike=0.7, season_of_errors=0.3, reference=FORTNIGHT),
    World("heavy tails, AR(1) 0.7, RMSE", heavy=True, alike=0.7, metric="rmse"),
    World("labels 5 windows late, AR(1) 0.7, F1", delay=5, alike=0.7, metric="f1"),
    World("40 columns, balanced accuracy", columns=40, metric="balanced_accuracy"),
    World("sentences", text=True),
)


def _metric(report: CheckReport) -> bool:
    return any(each is not None and each.degraded for each in (report.performance, *report.late))


#: what begins to be told, by the name of its share
TOLD: dict[str, Callable[[CheckReport], bool]] = {
    "columns": lambda report: bool(report.drifted),
    "metric": _metric,
    "multivariate": lambda report: bool(report.multivariate and report.multivariate.drift),
    "concept": lambda report: bool(report.concept and report.concept.drift),
    "estimate": lambda report: bool(report.estimate and report.estimate.fallen),
    "calibration": lambda report: bool(report.calibration and report.calibration.drift),
    "segments": lambda report: any(segment.degraded for segment in report.segments),
    "prediction": lambda report: bool(report.prediction and report.prediction.drift),
    "quality": lambda report: bool(report.breaking),
    "the check's own series": lambda report: any(not each.subject.startswith("row ") for each in report.anomalies),
    "all": lambda report: report.drift,
}


def run(quick: bool) -> Iterator[Figure]:
    """A bound for each world, and one for each part over all of them."""
    worlds, hours = (WORLDS[:1], 24) if quick else (WORLDS, HOURS)
    orders = [(world, seed, hours) for world in worlds for seed in range(1 if quick else MORE.get(world.name, MONTHS))]
    counted = dict(zip(orders, in_processes(_month, orders), strict=True))
    for world in worlds:
        alarms = [counts["all"] for order, counts in counted.items() if order[0] == world]
        yield _figure(world.name, alarms, hours, held=not quick)
    for part in TOLD:
        yield _figure(part, [counts[part] for counts in counted.values()], hours, held=part == "all" and not quick)


def _figure(what: str, alarms: list[int], hours: int, *, held: bool) -> Figure:
    months = len(alarms) * hours / HOURS
    return Figure(
        name=f"whole checks, {what}: {sum(alarms)} false alarms in {months:.3g} months, upper 95 % bound",
        value=upper_rate(alarms) * HOURS / hours,
        unit="a month",
        target=at_most(1.2) if held else None,
        exact=True,
    )


def in_processes(function: Callable[[Order], Answer], orders: Iterable[Order]) -> list[Answer]:
    """The answers, in order."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(function, orders))


def _month(order: tuple[World, int, int]) -> dict[str, int]:
    """How often each part begins to tell of a change that is none."""
    world, seed, hours = order
    rng = np.random.default_rng([SEED, seed, WORLDS.index(world)])
    counts, before = dict.fromkeys(TOLD, 0), dict.fromkeys(TOLD, False)
    with tempfile.TemporaryDirectory() as folder:
        for report in walk(deploy(world, rng, Path(folder)), hours, rng):
            now = {part: told(report) for part, told in TOLD.items()}
            counts = {part: count + (now[part] and not before[part]) for part, count in counts.items()}
            before = now
    return counts
