"""Every algorithm of a search can be saved and loaded without trusting more than the allow-list, and answers alike."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.registry.artifact import load_artifact, save_artifact
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.registry.tree_bounds import check_trees
from duetmind_adaptive.training.automl.blend import make_blend
from duetmind_adaptive.training.automl.calibration import Calibration
from duetmind_adaptive.training.automl.families import Lesson, fit
from duetmind_adaptive.training.automl.families.histogram_trees import HistogramTrees
from duetmind_adaptive.training.automl.matrix import MatrixCoder
from duetmind_adaptive.training.automl.portfolio import installed, portfolio

KINDS = {"age": "numeric", "job": "categorical", "since": "datetime"}


def table(rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    jobs = rng.choice([f"job {at}" for at in range(30)], rows).astype(object)
    jobs[::11] = None
    return pd.DataFrame({"age": rng.normal(size=rows), "job": jobs, "since": pd.date_range("2026", periods=rows)})


@pytest.mark.parametrize(
    ("part", "place", "value"),
    [("left", 0, 0), ("right", 0, 10_000), ("feature_idx", 0, 99), ("is_categorical", 0, 1), ("ends", 0, 0)],
)
def test_packed_trees_that_point_outside_themselves_are_refused(part: str, place: int, value: int) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    lesson = Lesson(
        params={"rounds": 3}, task="multiclass", metric="roc_auc", classes=3, categories=[], seed=0, x=x, y=y
    )
    trees = fit("hist_gradient_boosting", lesson)
    assert isinstance(trees, HistogramTrees)
    check_trees(trees)
    (trees.ends.reshape(-1) if part == "ends" else trees.nodes[part])[place] = value
    with pytest.raises(ArtifactError, match="outside itself"):
        check_trees(trees)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("algorithm", [*installed(), "ridge"])
def test_a_saved_model_answers_as_before(algorithm: str, task: str, tmp_path: Path) -> None:
    name = "ridge" if task == "regression" and algorithm == "logistic_regression" else algorithm
    if name == "ridge" and task != "regression":
        name = "logistic_regression"
    frame, rng = table(), np.random.default_rng(1)
    coder = MatrixCoder(KINDS)
    x = coder.fit_transform(frame)
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[task]
    y = rng.integers(0, classes, 120) if classes else rng.normal(size=120)
    params = dict(next(params for each, params in portfolio(task, [name]) if each == name))
    params |= {"rounds": 5} if "rounds" in params else {"epochs": 2} if name == "mlp" else {}
    lesson = Lesson(
        params=params, task=task, metric="roc_auc", classes=classes, categories=list(coder.categories), seed=0, x=x, y=y
    )
    blend = make_blend([[fit(name, lesson)]], [1.0], classes, Calibration(1.1, (0.1,) * classes))
    pipeline = Pipeline([("columns", coder), ("blend", blend)])
    manifest = Manifest(
        model="m", task=task, target="y", features=tuple(Feature(name=key, kind=kind) for key, kind in KINDS.items()),
        classes=tuple(range(classes)), metric="roc_auc", trained_rows=(0, 120), train_size=120,
        created=datetime.now(UTC),
    )  # type: ignore[arg-type]  # fmt: skip
    path = tmp_path / "m.duet"
    save_artifact(path, pipeline, manifest)
    loaded = load_artifact(path, hashlib.sha256(path.read_bytes()).hexdigest())
    ask = (lambda model: model.predict_proba(frame)) if classes else (lambda model: model.predict(frame))
    assert np.array_equal(ask(loaded), ask(pipeline))
