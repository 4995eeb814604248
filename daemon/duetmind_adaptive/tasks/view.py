"""What an examination may look at: one window, its model, and what the model's version keeps of its reference.

Costly parts are made on first use and kept while the check lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.records import VersionRef, Window
from duetmind_adaptive.registry.layout import HOLDOUT, SAMPLE
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.labels import labels_due, with_labels
from duetmind_adaptive.sources.production import ProductionSource
from duetmind_adaptive.tasks.measure import Answers, answer


@dataclass(frozen=True, kw_only=True)
class View:
    """One window in its surroundings."""

    model: Model
    version: VersionRef
    window: Window
    #: all columns of the window's rows, in their order
    table: pa.Table
    features: tuple[str, ...]
    reference: Reference
    source: ProductionSource
    now: datetime

    @cached_property
    def answers(self) -> Answers | None:
        """Predictions, scores and classes of the version for all rows; None when its inputs do not fit."""
        return answer(self.model, self.version, self.table)

    @cached_property
    def labelled(self) -> pa.Table | None:
        """The window with the target column as far as it is known by now; None while labels are not due."""
        model = self.model
        if model.target is None or not labels_due(self.window, model, now=self.now):
            return None
        table = with_labels(self.table, model, now=self.now, window_end=self.window.end)
        return table if model.target in table.column_names else None

    @cached_property
    def sample(self) -> pa.Table | None:
        """Rows of the reference, in their order: the features, and the target where there is one."""
        return _stored(self.version.folder / SAMPLE)

    @cached_property
    def holdout(self) -> pa.Table | None:
        """Labelled rows that the version did not learn from, with its answers (`tasks.holdout`); None without any."""
        return _stored(self.version.folder / HOLDOUT)


def _stored(path: Path) -> pa.Table | None:
    """A table of the version's folder; versions made before it was kept have none."""
    if not path.exists():
        return None
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
