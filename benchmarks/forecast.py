"""Looking ahead: do intervals of crossing times hold what comes, and how often is a crossing foretold of what stands.

Simulated: one forecast of each history, so that cases are independent; intervals of shares are Wilson's. Real: every
window of the streams' effects and metrics from the tenth on, at thresholds that a config may have; neighbouring
forecasts are about one and the same future there, so their number says little of how sure the share is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.special import chdtri
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.forecast_worlds import (
    CHECKS,
    FLAT,
    MOVING,
    SERIES,
    WINDOWS,
    Case,
    Path,
    ask,
    false_predictions,
    moving_case,
)
from duetmind_adaptive.drift.forecast.crossing import FEWEST
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare
from duetmind_adaptive.stats.intervals import wilson

Floats = NDArray[np.float64]

DATA = FilePath(__file__).parents[2] / "shared" / "data"
STREAMS = ("air_quality", "bank_marketing", "elec2", "random_tree_gradual")
#: streams whose champion can be made of their numbers alone
MEASURED = ("elec2", "random_tree_gradual")
#: windows that the production half is cut into
CUTS = (40, 120)
EFFECTS, FALLS = (0.1, 0.15, 0.2, 0.3, 0.4), (0.02, 0.05, 0.1, 0.15, 0.2)
#: fewer windows to come decide nothing
FEWEST_AHEAD = 5
SEED = 20_26


def run(quick: bool) -> list[Figure]:
    """Simulated and real; `quick` shows that they run."""
    generator = np.random.default_rng(SEED)
    return [
        *_coverage(generator, 15 if quick else 150),
        *_false(generator, 1 if quick else 20),
        *(_real(STREAMS[-1:], CUTS[:1]) if quick else _real(STREAMS, CUTS)),
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


def _real(streams: tuple[str, ...], cuts: tuple[int, ...]) -> Iterator[Figure]:
    for evidence, gate in ((None, ""), (0.0, ", asked of whatever rather has a trend than none")):
        every = list[bool]()
        for name in streams:
            cases = [case.covered for cut in cuts for case in _asked(name, cut, evidence)]
            yield from _share(f"real: {name}{gate}", cases)
            every += cases
        yield from _share(f"real: all streams{gate}", every)


def _asked(name: str, cut: int, evidence: float | None) -> Iterator[Case]:
    effects, accuracy = _stream(name, cut)
    for values in effects:
        for limit in EFFECTS:
            yield from _walked(values, limit, evidence)
    if accuracy is not None:
        usual = float(np.median(accuracy[:FEWEST]))
        for fall in FALLS:
            yield from _walked(-accuracy, fall - usual, evidence)


def _walked(values: Floats, limit: float, evidence: float | None) -> Iterator[Case]:
    whole = Path(values, values, values)
    for now in range(FEWEST, values.size - FEWEST_AHEAD):
        case = ask(whole, now, limit) if evidence is None else ask(whole, now, limit, evidence)
        if case is not None:
            yield case


def _stream(name: str, cut: int) -> tuple[list[Floats], Floats | None]:
    """The effects of each column against the reference half, window by window, and the accuracy of a champion."""
    facts: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    table, split = pq.read_table(DATA / facts["file"]), facts["windows"]["reference"]["end_row"]
    rows = (table.num_rows - split) // cut
    windows = [table.slice(split + at * rows, rows) for at in range(cut)]
    reference = Reference.from_table(table.slice(0, split), facts["features"])
    found = [compare(reference, window.select(facts["features"]), threshold=0.05).columns for window in windows]
    effects = dict[str, list[float]]()
    for column in (column for columns in found for column in columns if column.untested is None):
        effects.setdefault(column.name, []).append(column.effect)
    whole = [np.array(values) for values in effects.values() if len(values) == cut]
    return whole, _accuracy(facts, table.slice(0, split), windows) if name in MEASURED else None


def _accuracy(facts: dict[str, Any], reference: pa.Table, windows: list[pa.Table]) -> Floats:
    target = facts["target"] if isinstance(facts["target"], str) else facts["target"]["column"]

    def inputs(table: pa.Table) -> Floats:
        return np.column_stack([table[name].to_numpy().astype(np.float64) for name in facts["features"]])

    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(inputs(reference), reference[target].to_numpy(zero_copy_only=False))
    return np.array([model.score(inputs(each), each[target].to_numpy(zero_copy_only=False)) for each in windows])
