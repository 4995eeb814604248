"""Odd rows: which single rows of the window look like none of the reference."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.odd_rows.model import OddRowsModel
from duetmind_adaptive.drift.odd_rows.verdict import known_columns, name_odd_rows
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.registry.layout import PROFILE, SAMPLE
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.tasks.view import View, stored

#: models kept in a worker: of 50 columns and 10,000 rows, each is 8 MB
KEPT = 16


def odd_rows(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add the odd rows; nothing where the reference is too small to know."""
    columns = known_columns(report, view.table, {name: each.kind for name, each in view.reference.columns.items()})
    model = model_of(view.version.folder, tuple(columns))
    return (report if model is None else name_odd_rows(model, report, view.table)), section


@lru_cache(maxsize=KEPT)
def model_of(folder: Path, names: tuple[str, ...]) -> OddRowsModel | None:
    """Learned from the version's sample of its reference; None where there is none, or too little of it."""
    sample, reference = stored(folder / SAMPLE), Reference.load(folder / PROFILE)
    if sample is None:
        return None
    return OddRowsModel.fit(sample, {name: reference.columns[name].kind for name in keep(names, sample.column_names)})
