"""Real streams that lie beside the project, walked in 40 windows by whole checks of a champion of their reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
WINDOWS = 40
NOW = datetime(2040, 1, 1, tzinfo=UTC)
PIPELINE: dict[str, Any] = {"model": {"algorithm": "hist_gradient_boosting", "hyperparameters": {"max_iter": 50}}}


def unchanged(table: pa.Table) -> pa.Table:
    return table


def walk(
    name: str,
    folder: Path,
    delay: timedelta = timedelta(0),
    change: Callable[[pa.Table], pa.Table] = unchanged,
    task: str = "binary",
) -> Iterator[CheckReport]:
    """The reports of the windows after the reference, 40 of them in all."""
    stream = json.loads((SHARED / f"{name}.json").read_text())
    table, split = pq.read_table(SHARED / stream["file"]), stream["windows"]["reference"]["end_row"]
    pq.write_table(table.slice(0, split), folder / "reference.parquet")
    pq.write_table(change(table.slice(split)), folder / "production.parquet")
    target: Any = stream["target"]
    facts: dict[str, Any] = {
        "name": "stream", "task": task, "target": target if isinstance(target, str) else target["column"],
        "timestamp": stream["timestamp"]["column"], "features": tuple(stream["features"]), "exclude": (),
        "prediction": None, "score": None, "metric": "accuracy" if task == "binary" else "mae",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {
            "path": str(folder / "production.parquet"), "window": {"rows": (table.num_rows - split) // WINDOWS},
        },
        "labels": {"delay": delay}, "schedule": {"every": "1h"}, "pipeline": PIPELINE,
        "drift_threshold": 0.02, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models", "responses": (),
    }  # fmt: skip
    model = Model.model_validate(facts)
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(
        model="stream",
        version=1,
        folder=made.folder,
        artifact=made.folder / ARTIFACT,
        sha256=made.sha256,
        baseline=made.baseline,
    )
    cursor, memory = None, None
    while True:
        outcome = check_next(CheckRequest(model=model, version=version, cursor=cursor, now=NOW, memory=memory))
        if outcome.report is None:
            return
        yield outcome.report
        cursor, memory = outcome.cursor, outcome.memory


def flipped(target: str, since: int, inside: Callable[[pa.Table], np.ndarray]) -> Callable[[pa.Table], pa.Table]:
    """From a row of production on, the two labels change places in a part of the rows."""

    def change(table: pa.Table) -> pa.Table:
        turned = inside(table) & (np.arange(table.num_rows) >= since)
        label = table[target].to_numpy(zero_copy_only=False)
        one, other = sorted(set(label.tolist()))
        new = [(other if value == one else one) if turn else value for value, turn in zip(label, turned, strict=True)]
        column = pa.array(new, table.schema.field(target).type)
        return table.set_column(table.column_names.index(target), target, column)

    return change
