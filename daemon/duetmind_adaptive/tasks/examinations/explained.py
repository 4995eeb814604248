"""Attribution: which columns explain a fall of the metric, by how far each moved and how much the champion leans on it.

The reliance is permutation importance on the hold-out: how much the metric loses when a column's values are shuffled.
It is measured once for a version, when a fall has to be explained for the first time.

Reference
---------
L. Breiman, "Random forests", Machine Learning 45 (2001), 5-32, section 10.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport, Explained
from duetmind_adaptive.drift.metrics import higher_is_better, metric_value
from duetmind_adaptive.drift.series import History
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.layout import HOLDOUT
from duetmind_adaptive.tasks.answered import held_rows
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.measure import loaded_model
from duetmind_adaptive.tasks.view import View, stored

#: columns named, moved columns measured, and rows of the hold-out that they are measured on
NAMED, MOST_COLUMNS, MOST_ROWS = 10, 30, 2_000
#: of the shuffles: the same version always gives the same reliance
SEED = 20_240_229


def explained(view: View, report: CheckReport, history: History) -> CheckReport:
    """Add the columns that explain a fall; nothing where nothing fell, or no column moved."""
    del history
    fallen = any(each is not None and each.degraded for each in (report.performance, *report.late))
    fallen = fallen or (report.estimate is not None and report.estimate.fallen)
    version, moved = view.version, report.drifted[:MOST_COLUMNS]
    if not fallen or not moved or version.artifact is None:
        return report
    columns = tuple(column.name for column in moved)
    relied = reliance(version, view.model.metric, view.model.task, columns)
    parts = [(column.name, column.effect, relied.get(column.name, 0.0)) for column in moved]
    whole = sum(effect * leaned for _, effect, leaned in parts)
    if whole <= 0:
        return report
    found = [
        Explained(column=name, share=effect * leaned / whole, effect=effect, reliance=leaned)
        for name, effect, leaned in parts
        if leaned > 0
    ]
    return replace(report, explained=tuple(sorted(found, key=lambda each: -each.share)[:NAMED]))


@lru_cache(maxsize=16)
def reliance(version: VersionRef, metric: str, task: str, columns: tuple[str, ...]) -> dict[str, float]:
    """How much the metric loses, at least 0, when each column is shuffled; empty without a hold-out."""
    table = stored(version.folder / HOLDOUT)
    if table is None or not table.num_rows or version.artifact is None:
        return {}
    rows, model = held_rows(read_holdout(table)), loaded_model(version.artifact, version.sha256 or "")
    places = np.linspace(0, len(rows.truth) - 1, min(len(rows.truth), MOST_ROWS)).astype(np.intp)
    features, truth = rows.features.take(pa.array(places)), rows.truth[places]
    order = pa.array(np.random.default_rng(SEED).permutation(places.size))
    classes = model.classes.tolist() or None

    def scored(table: pa.Table) -> float:
        prediction, score = model.answer(table)
        value = metric_value(metric, task, truth, prediction, score, classes=classes)
        return value if higher_is_better(metric) else -value

    usual = scored(features)
    lost = dict[str, float]()
    for name in columns:
        if name in features.column_names:
            at = features.column_names.index(name)
            lost[name] = max(usual - scored(features.set_column(at, name, features[name].take(order))), 0.0)
    return lost
