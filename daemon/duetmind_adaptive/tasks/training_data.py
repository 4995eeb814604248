"""What a training job reads: the reference, and the production rows whose labels may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import Kind
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.columns import feature_columns, keep
from duetmind_adaptive.sources.cursor import Cursor
from duetmind_adaptive.sources.labels import with_labels
from duetmind_adaptive.sources.production import ProductionSource
from duetmind_adaptive.sources.reference import read_reference
from duetmind_adaptive.sources.timestamps import as_moments, microseconds
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.surroundings import moments_of
from duetmind_adaptive.training.examples import Examples, make_examples

#: production rows further back are not looked at: they are old, and have to fit into memory
HISTORY_ROWS = 1_000_000
#: assumed where windows are by time and the rows have none
WINDOW_ROWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """Both tables as read, and their labelled rows in one line."""

    reference: pa.Table
    #: production rows `[first_row, first_row + num_rows)`
    production: pa.Table
    first_row: int
    kinds: Mapping[str, Kind]
    examples: Examples
    #: of the reference's features
    profile: Reference

    def production_rows(self, rows: NDArray[np.int64]) -> pa.Table:
        """The production rows with these numbers."""
        return self.production.take(pa.array(rows - self.first_row))

    def labelled_rows(self, rows: NDArray[np.int64]) -> pa.Table:
        """Features and target of rows with these numbers, ascending; the reference's are negative."""
        older = self.reference.take(pa.array(rows[rows < 0] + self.reference.num_rows))
        newer = self.production_rows(rows[rows >= 0])
        return _stack(older, newer) if older.num_rows and newer.num_rows else older if older.num_rows else newer

    def newest(self, count: int) -> pa.Table:
        """The last `count` rows, labelled or not; of the reference only where production has too few."""
        lacking = count - self.production.num_rows
        if lacking <= 0:
            return self.production.slice(self.production.num_rows - count)
        older = self.reference.slice(max(0, self.reference.num_rows - lacking))
        return _stack(older, self.production) if self.production.num_rows else older


def read_training_data(request: TrainRequest) -> TrainingData:
    """Read what `request` may learn from.

    Raises
    ------
    SourceError
        When it cannot be read, or production lacks a feature.
    TrainingError
        When the model has no target, or nothing can be learned from its labels.
    """
    model = request.model
    if model.target is None:
        raise TrainingError(f"model {model.name} has no target to learn; name its column in models.{model.name}.target")
    reference = read_reference(model)
    features = feature_columns(reference.schema, model)
    moments = moments_of(model, reference)
    profile = Reference.from_table(reference, features, moments=moments, kinds=model.column_kinds)
    kinds: dict[str, Kind] = {name: profile.columns[name].kind for name in features}
    first_row = max(0, request.upto_row - HISTORY_ROWS)
    production = _read_production(request, first_row, features) if request.upto_row else reference.slice(0, 0)
    examples = make_examples(
        reference, production, first_row=first_row, target=model.target, task=model.task, kinds=kinds
    )
    return TrainingData(reference, production, first_row, kinds, examples, profile)


def window_rows(model: Model, data: TrainingData) -> int:
    """How many rows a window has; of windows by time, the newest."""
    window = model.production.window
    if window.rows is not None:
        return window.rows
    if window.every is None or model.timestamp is None or not data.production.num_rows:
        return WINDOW_ROWS
    moments = microseconds(as_moments(data.production[model.timestamp], f"timestamp column '{model.timestamp}'"))
    return int((moments > moments.max() - window.every // timedelta(microseconds=1)).sum())


def moment_of(data: TrainingData, row: int, timestamp: str | None) -> datetime | None:
    """The time of a row; None for models without timestamps."""
    table, place = (data.production, row - data.first_row) if row >= 0 else (data.reference, row)
    if timestamp is None or timestamp not in table.column_names:
        return None
    place %= table.num_rows
    moment: datetime | None = as_moments(table[timestamp].slice(place, 1), f"timestamp column '{timestamp}'")[0].as_py()
    return moment


def _read_production(request: TrainRequest, first_row: int, features: tuple[str, ...]) -> pa.Table:
    model = request.model
    roles = (model.target, model.timestamp, model.labels.key, model.prediction, model.score)
    columns = [*features, *(name for name in roles if name is not None)]
    cursor = Cursor.from_json(request.cursor) if request.cursor else None
    table = ProductionSource(model).read(first_row, request.upto_row, columns, cursor=cursor)
    return with_labels(table, model, now=request.now, window_end=None)


def _stack(older: pa.Table, newer: pa.Table) -> pa.Table:
    """One table of both, in the older one's types; the newer alone when they do not fit together."""
    names = keep(older.column_names, newer.column_names)
    try:
        return pa.concat_tables([older.select(names), newer.select(names).cast(older.select(names).schema)])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return newer
