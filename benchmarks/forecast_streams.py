"""Forecasts on real streams, and what came of them.

Each of several fifths of a stream is the reference of all that follows, cut into windows of several sizes. Asked is at
every third window from the tenth on, at thresholds that a config may have. A forecast counts if its interval, or the
horizon where it does not end, lies within the stream: whether it was right is known then, whatever came.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.forecast_worlds import first, may_rise, series
from duetmind_adaptive.drift.forecast.crossing import FEWEST, crossing
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare
from duetmind_adaptive.stats.first_passage import running_median

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[2] / "shared" / "data"
#: rows of a window; whole days where rows are half an hour or an hour
SIZES = {
    "air_quality": (48, 96, 168),
    "bank_marketing": (200, 500, 1_000),
    "elec2": (48, 144, 336),
    "random_tree_gradual": (100, 200),
}
STREAMS = tuple(SIZES)
#: streams whose champion can be made of their numbers alone
MEASURED = ("elec2", "random_tree_gradual")
#: where references begin, and how long they are, as shares of the stream
STARTS, LENGTH = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.2
EFFECTS, FALLS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6), (0.02, 0.05, 0.1, 0.15, 0.2)
METRIC = "accuracy"
#: windows from one question to the next
EVERY = 3


@dataclass(frozen=True, slots=True)
class Foretold:
    """A forecast whose future is known."""

    column: str
    #: of one history and threshold
    event: str
    #: whether the interval holds what came, and whether it has an end
    covered: bool
    ends: bool


def asked(name: str, start: float, evidence: float) -> Iterator[Foretold]:
    """Forecasts of all columns of a stream, at all sizes of windows, that were given."""
    for size in SIZES[name]:
        for column, values in _histories(name, start, size).items():
            usual = float(np.median(values[:FEWEST]))
            for limit in EFFECTS if column != METRIC else [usual + fall for fall in FALLS]:
                event = f"{name}/{column}/{start}/{size}/{limit:.3g}"
                for covered, ends in _walked(values, limit, evidence):
                    yield Foretold(f"{name}/{column}", event, covered, ends)


def _walked(values: Floats, limit: float, evidence: float) -> Iterator[tuple[bool, bool]]:
    median = running_median(values)  # its first value is that of the third window
    for now in range(FEWEST, median.size, EVERY):
        if np.median(values[now - 5 : now]) >= limit or not may_rise(values[:now]):
            continue
        found = crossing(series(values[:now]), limit, falls=False, evidence=evidence)
        if found is None or math.isinf(found.passage.low):
            continue
        _, low, high = found.passage
        ahead = median[now - 2 : now - 2 + found.horizon]
        if ahead.size >= min(high, found.horizon):
            yield low <= first(ahead >= limit) <= high, math.isfinite(high)


def _histories(name: str, start: float, size: int) -> dict[str, Floats]:
    """The effects of each column, window by window, and how far a champion's accuracy lies below 0."""
    facts: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    table = pq.read_table(DATA / facts["file"])
    begin, end = int(start * table.num_rows), int((start + LENGTH) * table.num_rows)
    first_rows = range(end, table.num_rows - size + 1, size)
    windows, learned = [table.slice(row, size) for row in first_rows], table.slice(begin, end - begin)
    reference = Reference.from_table(learned, facts["features"])
    effects = dict[str, list[float]]()
    for window in windows:
        for column in compare(reference, window.select(facts["features"]), threshold=0.05).columns:
            effects.setdefault(column.name, []).extend([] if column.untested else [column.effect])
    whole = {column: np.array(values) for column, values in effects.items() if len(values) == len(windows)}
    return whole | ({METRIC: -_accuracy(facts, learned, windows)} if name in MEASURED else {})


def _accuracy(facts: dict[str, Any], learned: pa.Table, windows: list[pa.Table]) -> Floats:
    target = facts["target"] if isinstance(facts["target"], str) else facts["target"]["column"]

    def inputs(table: pa.Table) -> Floats:
        return np.column_stack([table[name].to_numpy().astype(np.float64) for name in facts["features"]])

    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(inputs(learned), learned[target].to_numpy(zero_copy_only=False))
    return np.array([model.score(inputs(each), each[target].to_numpy(zero_copy_only=False)) for each in windows])
