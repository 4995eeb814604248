"""The guide's pipeline names, used as the guide uses them."""

import subprocess
import sys
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.preprocessing import RobustScaler

from duetmind_adaptive.errors import ColumnMismatchError, ColumnMissingError, ConfigError, SourceFormatError
from duetmind_adaptive.settings.pipeline import BUILT_IN_ALGORITHMS
from duetmind_adaptive.training.custom_pipeline import (
    DynamicPipelineBuilder,
    ModelConfig,
    PipelineConfig,
    PipelineRegistry,
    PreprocessingConfig,
    create_pipeline_builder,
)
from duetmind_adaptive.training.custom_pipeline import algorithms as algorithms_module
from duetmind_adaptive.training.custom_pipeline.kinds import infer_kinds

ROOT = Path(__file__).parents[3]
GUIDE_YAML = """\
name: "advanced_pipeline"
description: "Advanced classification pipeline"
preprocessing:
  numerical_scaler: "robust"
  categorical_encoding: "onehot"
  missing_value_strategy: "median"
  feature_selection: "selectkbest"
model:
  algorithm: "xgboost"
  hyperparameters:
    n_estimators: 200
    max_depth: 6
  ensemble_method: "voting"
evaluation:
  metrics: ["accuracy", "roc_auc", "f1"]
"""


def a_frame(rows=80):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"age": rng.normal(40, 10, rows), "job": rng.choice(["cook", "nurse"], rows)})


def test_the_guides_example_runs_as_written():
    X = a_frame()  # noqa: N806 - the guide's name
    config = PipelineConfig(
        name="my_pipeline",
        preprocessing=PreprocessingConfig(numerical_scaler="standard", categorical_encoding="onehot"),
        model=ModelConfig(algorithm="random_forest", hyperparameters={"n_estimators": 100}),
    )

    builder = create_pipeline_builder(config)
    pipeline = builder.build_complete_pipeline(X)

    assert isinstance(builder, DynamicPipelineBuilder)
    assert isinstance(pipeline[-1], RandomForestClassifier)
    assert pipeline[-1].n_estimators == 100
    assert set(pipeline.fit(X, X["age"] > 40).predict(X)) == {False, True}


def test_the_guides_yaml_loads_as_written(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(GUIDE_YAML)
    config = PipelineConfig.from_yaml(path)
    assert config.preprocessing.feature_selection == "selectkbest"
    assert config.model.ensemble_method == "voting"
    assert config.evaluation.metrics == ("accuracy", "roc_auc", "f1")
    assert config.to_dict() == PipelineRegistry().get("advanced_pipeline").to_dict()
    (tmp_path / "again.yaml").write_text(config.to_yaml())
    assert PipelineConfig.from_yaml(tmp_path / "again.yaml").to_dict() == config.to_dict()


def test_the_guides_yaml_builds_what_it_says():
    values = PipelineRegistry().get("advanced_pipeline").to_dict()
    values["model"] |= {"algorithm": "random_forest"}  # xgboost is an extra
    pipeline = create_pipeline_builder(values).build_complete_pipeline(a_frame())
    assert isinstance(pipeline["columns"].transformers[0][1]["scale"], RobustScaler)
    assert isinstance(pipeline["select"], SelectKBest)
    assert [name for name, _ in pipeline["model"].estimators] == ["model", "forest", "linear"]
    assert pipeline["model"].estimators[0][1].max_depth == 6


def test_a_task_is_stated_or_told_from_the_target():
    frame = a_frame()
    regression = PipelineConfig(task="regression")
    assert isinstance(create_pipeline_builder(regression).build_complete_pipeline(frame)[-1], RandomForestRegressor)
    told = create_pipeline_builder({}).build_complete_pipeline(frame, frame["age"])
    assert isinstance(told[-1], RandomForestRegressor)
    assert isinstance(create_pipeline_builder({}).build_complete_pipeline(frame)[-1], RandomForestClassifier)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: PreprocessingConfig(numerical_scaler="standrd"),
            r"numerical_scaler: found 'standrd', .*mean standard",
        ),
        (
            lambda: PreprocessingConfig(scaler="standard"),
            "PreprocessingConfig: scaler: unknown key; allowed here: numer",
        ),
        (lambda: ModelConfig(algorithm="xgbost"), "algorithm: found 'xgbost', .*did you mean xgboost"),
        (lambda: ModelConfig(decision_threshold="roc_auc"), "decision_threshold: found 'roc_auc', allowed: accuracy"),
        (lambda: PipelineConfig(model={"algorithm": 3}), r"model\.algorithm: found 3"),
        (lambda: create_pipeline_builder({"modell": {}}), "modell: unknown key; did you mean model"),
        (lambda: create_pipeline_builder("nowhere.yaml"), "nowhere.yaml: there is no such file"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused_in_one_sentence(make, says):
    with pytest.raises(ConfigError, match=says) as refused:
        make()
    assert "\n" not in str(refused.value)


# ---------------------------------------------------------------- kinds of columns


def test_kinds_are_told_from_types_and_values():
    rows = 200
    frame = pd.DataFrame(
        {
            "whole": range(rows),
            "money": [Decimal(i) for i in range(rows)],
            "flag": [True, None] * (rows // 2),
            "day": [date(2026, 1, 1) + timedelta(days=i) for i in range(rows)],
            "stamp": pd.date_range("2026", periods=rows, tz="UTC"),
            "took": pd.to_timedelta(range(rows), unit="s"),
            "job": ["cook", "nurse"] * (rows // 2),
            "code": pd.Categorical(range(rows)),
            "mixed": [1, "a"] * (rows // 2),
            "note": [f"number {i} was late" for i in range(rows)],
            "empty": [None] * rows,
        }
    )
    assert infer_kinds(frame) == {
        "whole": "numeric",
        "money": "numeric",
        "flag": "boolean",
        "day": "datetime",
        "stamp": "datetime",
        "took": "numeric",
        "job": "categorical",
        "code": "categorical",
        "mixed": "categorical",
        "note": "text",
        "empty": "categorical",
    }
    pipeline = create_pipeline_builder({}).build_complete_pipeline(frame)
    assert len(pipeline.fit(frame, np.arange(rows) % 2).predict(frame)) == rows


def test_a_stated_kind_wins():
    frame = pd.DataFrame({"zip": [10115, 20095] * 20})
    config = PipelineConfig(preprocessing=PreprocessingConfig(column_kinds={"zip": "categorical"}))
    pipeline = create_pipeline_builder(config).build_complete_pipeline(frame).fit(frame, [0, 1] * 20)
    assert pipeline[:-1].get_feature_names_out().tolist() == ["zip_10115", "zip_20095"]


@pytest.mark.parametrize(
    ("frame", "error", "says"),
    [
        (np.zeros((3, 2)), SourceFormatError, "columns need names; give a pandas frame"),
        (pd.DataFrame({0: [1]}), ColumnMismatchError, "the column name 0 is no text"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ColumnMismatchError, "column 'a' more than once"),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused_in_one_sentence(frame, error, says):
    with pytest.raises(error, match=says):
        create_pipeline_builder({}).build_complete_pipeline(frame)


def test_a_stated_kind_of_a_column_that_is_not_there_is_refused():
    with pytest.raises(ColumnMissingError, match="column_kinds names column 'zipp'"):
        infer_kinds(a_frame(), {"zipp": "text"})


# ---------------------------------------------------------------- algorithms by entry point


def test_the_built_in_algorithms_are_registered_like_any_other():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    registered = project["entry-points"]["duetmind.algorithms"]
    assert tuple(registered) == BUILT_IN_ALGORITHMS == tuple(algorithms_module.ALGORITHMS)
    for name, target in registered.items():
        module, _, attribute = target.partition(":")
        assert module == algorithms_module.__name__
        assert getattr(algorithms_module, attribute) is algorithms_module.ALGORITHMS[name]


PLUGIN = """\
from duetmind_adaptive.contracts import Algorithm
from sklearn.preprocessing import StandardScaler

BAYES = Algorithm(classifier="sklearn.naive_bayes:GaussianNB", regressor=None)
WRONG = object()

class Doubler(StandardScaler):
    pass
"""
USE = """\
import pandas as pd
from pathlib import Path
from datetime import UTC, datetime
from duetmind_adaptive.training.custom_pipeline import create_pipeline_builder
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.registry.artifact import load_artifact, save_artifact
from duetmind_adaptive.registry.manifest import Feature, Manifest

frame = pd.DataFrame({"x": [float(i) for i in range(40)]})
custom = [{"transformer": "doubler", "columns": ["x"]}]
builder = create_pipeline_builder({"preprocessing": {"custom_transformers": custom}, "model": {"algorithm": "bayes"}})
fitted = builder.build_complete_pipeline(frame).fit(frame, frame["x"] > 20)
facts = dict(model="m", task="binary", target="y", features=(Feature(name="x", kind="numeric"),), metric="accuracy",
             classes=(False, True), trained_rows=(0, 40), train_size=40, created=datetime(2026, 1, 1, tzinfo=UTC))
sha256 = save_artifact(Path("m"), fitted, Manifest(**facts))
print(load_artifact(Path("m"), sha256).predict(frame)[[0, 39]].tolist())
try:
    create_pipeline_builder({"model": {"algorithm": "wrong"}}).build_complete_pipeline(frame)
except TrainingError as error:
    print(error)
"""


def test_an_installed_package_adds_algorithms_and_transformers_that_artifacts_may_hold(tmp_path):
    (tmp_path / "plugin.py").write_text(PLUGIN)
    info = tmp_path / "plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[duetmind.algorithms]\nbayes = plugin:BAYES\nwrong = plugin:WRONG\n"
        "[duetmind.transformers]\ndoubler = plugin:Doubler\n"
    )
    done = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "[False, True]",
        "algorithm 'wrong' of plugin is no algorithm: it has no classifier and no regressor and no artifact_types; "
        + "name a contracts.Algorithm",
    ]


def test_importing_the_names_loads_nothing_heavy():
    code = "import sys, duetmind_adaptive.training.custom_pipeline; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sklearn", "pandas", "numpy"} & set(done.stdout.split())
