"""A model that says `automl`: its versions come from searches, each begun with what the one before was made of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import duetmind_adaptive
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.settings.pipeline import AutomlSettings
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.searching import search_learner
from duetmind_adaptive.tasks.train import train_version
from duetmind_adaptive.training.automl.learner import metric_of

ROWS, WINDOW = 900, 250
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def a_stream(rows: int, *, flipped: bool = False, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, job = rng.normal(size=rows), rng.choice(["cook", "nurse"], rows)
    yes = (x + (job == "cook") + rng.normal(scale=0.5, size=rows) > 0.5) ^ flipped
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="min")
    return pd.DataFrame(
        {"at": at, "x": x, "job": job, "y": np.where(yes, "yes", "no"), "size": 3 * x + rng.normal(size=rows)}
    )


def a_model(folder: Path, **changes: Any) -> Model:
    a_stream(ROWS).to_parquet(folder / "reference.parquet")
    pd.concat([a_stream(2 * WINDOW, seed=1), a_stream(4 * WINDOW, seed=2, flipped=True)]).to_parquet(
        folder / "production.parquet"
    )
    facts = {
        "name": "loans", "task": "binary", "target": "y", "timestamp": None, "features": ("x", "job"), "exclude": (),
        "prediction": None, "score": None, "metric": "accuracy",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": WINDOW}},
        "labels": {}, "schedule": {"every": "1h"}, "responses": ("retrain_model",),
        "pipeline": {"model": {"algorithm": "logistic_regression"}},
        "automl": {"n_trials": 3, "timeout": 60, "objective_metric": "roc_auc"},
        "drift_threshold": 0.1, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models" / "loans",
    }  # fmt: skip
    return Model.model_validate(facts | changes)


def train(model: Model, champion: VersionRef | None = None, upto: int = 0, job: str = "first") -> Any:
    return train_version(TrainRequest(model=model, job=job, attempt=1, champion=champion, upto_row=upto, now=NOW))


def test_a_version_of_a_search_serves_and_the_next_search_begins_with_it(tmp_path: Path) -> None:
    model = a_model(tmp_path)
    first = train(model)
    assert first.baseline.value > 0.8
    served = duetmind_adaptive.load_model(first.folder)
    rows = a_stream(400, seed=9)
    assert (served.predict(rows) == rows["y"]).mean() > 0.8
    kept = json.loads((first.folder / "version.json").read_text())["extra"]["automl"]
    assert len(kept["searches"]) == 2, "the baseline's, and one more on all rows"
    assert kept["searches"][1]["trials"] == len(kept["configurations"]) <= 3

    champion = VersionRef(
        model="loans", version=1, folder=first.folder, artifact=first.folder / "model.duet", sha256=first.sha256
    )
    request = TrainRequest(model=model, job="r", attempt=1, champion=champion, upto_row=5 * WINDOW, now=NOW)
    begun = search_learner(request, {"x": "numeric", "job": "categorical"})
    assert [list(each) for each in begun.found] == kept["configurations"]
    second = train(model, champion, upto=5 * WINDOW, job="again")
    assert second.gate.verdict == "better"
    assert second.gate.challenger > 0.8


def test_numbers_are_searched_for_too(tmp_path: Path) -> None:
    changes = {"task": "regression", "target": "size", "metric": "mae", "features": ("x", "job")}
    automl = {"n_trials": 2, "timeout": 60, "objective_metric": "mae"}
    report = train(a_model(tmp_path, **changes, automl=automl))
    assert report.baseline.value < 1.2


@pytest.mark.parametrize(("task", "metric", "used"), [("regression", "roc_auc", "r2"), ("binary", "f1", "f1")])
def test_a_metric_of_classes_does_not_reach_a_search_for_numbers(task: str, metric: Any, used: str) -> None:
    assert metric_of(AutomlSettings(objective_metric=metric), task) == used


def test_a_champion_whose_description_is_gone_begins_nothing(tmp_path: Path) -> None:
    model = a_model(tmp_path)
    champion = VersionRef(model="loans", version=1, folder=tmp_path / "gone", artifact=None, sha256=None)
    request = TrainRequest(model=model, job="r", attempt=1, champion=champion, upto_row=0, now=NOW)
    assert search_learner(request, {"x": "numeric"}).found == ()
