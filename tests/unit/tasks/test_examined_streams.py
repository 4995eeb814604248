"""Real streams through whole checks of a trained champion: what changed is told by its kind, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.service.insights import insights
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
WINDOWS = 40
#: of a window of random_tree_gradual
ROWS = 350
NOW = datetime(2040, 1, 1, tzinfo=UTC)
PIPELINE: dict[str, Any] = {"model": {"algorithm": "hist_gradient_boosting", "hyperparameters": {"max_iter": 50}}}

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the streams lie beside the project, and do not here")


def unchanged(table: pa.Table) -> pa.Table:
    return table


def walk(
    name: str,
    folder: Path,
    delay: timedelta = timedelta(0),
    change: Callable[[pa.Table], pa.Table] = unchanged,
) -> Iterator[CheckReport]:
    """The reports of the windows after the reference, 40 of them in all."""
    stream = json.loads((SHARED / f"{name}.json").read_text())
    table, split = pq.read_table(SHARED / stream["file"]), stream["windows"]["reference"]["end_row"]
    pq.write_table(table.slice(0, split), folder / "reference.parquet")
    pq.write_table(change(table.slice(split)), folder / "production.parquet")
    target: Any = stream["target"]
    facts: dict[str, Any] = {
        "name": "stream", "task": "binary", "target": target if isinstance(target, str) else target["column"],
        "timestamp": stream["timestamp"]["column"], "features": tuple(stream["features"]), "exclude": (),
        "prediction": None, "score": None, "metric": "accuracy",
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


def test_a_change_of_the_concept_alone_is_told_as_that_within_a_window(tmp_path: Path) -> None:
    reports = list(walk("random_tree_gradual", tmp_path))
    related = [at for at, report in enumerate(reports) if "concept" in report.kinds]
    assert abs(related[0] - 10) <= 1
    assert related == list(range(related[0], len(reports)))
    assert not any("data" in report.kinds for report in reports)
    last = reports[-1].concept
    assert last is not None
    assert last.where
    assert (last.gain or 0.0) > 0.1


@pytest.mark.slow
def test_rows_in_random_order_show_nothing_of_any_kind(tmp_path: Path) -> None:
    assert [report.kinds for report in walk("diabetes_130us_shuffled", tmp_path) if report.kinds] == []


def test_without_labels_the_metric_is_estimated_and_no_fall_is_made_up(tmp_path: Path) -> None:
    for report in islice(walk("random_tree_gradual", tmp_path, timedelta(days=36_500)), 8):
        assert report.performance is None
        assert report.estimate is not None
        assert report.estimate.trusted
        assert report.estimate.low > 0.95
        assert report.kinds == ()


def test_a_fall_is_dated_to_its_window_and_explained_by_the_column_that_moved_and_matters(tmp_path: Path) -> None:
    def breaks(table: pa.Table) -> pa.Table:
        """From window 6 on x1, which decides the label, is told too small; x2 keeps its values."""
        values = table["x1"].to_numpy().copy()
        values[6 * ROWS :] *= 0.6
        return table.set_column(table.column_names.index("x1"), "x1", pa.array(values))

    reports = list(islice(walk("random_tree_gradual", tmp_path, change=breaks), 9))
    assert not any(report.kinds for report in reports[:6])
    last = reports[-1]
    assert {"data", "model"} <= set(last.kinds)
    assert last.explained[0].column == "x1"
    assert last.since is not None
    assert last.since.row == 6 * ROWS
    assert insights(last).explanation.startswith("accuracy fell by 0.")
    assert "of it goes with x1" in insights(last).explanation
