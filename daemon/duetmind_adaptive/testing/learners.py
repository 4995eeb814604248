"""What every algorithm and every transformer keeps: pipelines take it, and artifacts give it back as it was."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Algorithm
from duetmind_adaptive.registry.artifact import load_artifact, save_artifact
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.testing.suite import PluginSuite, holds
from duetmind_adaptive.training.custom_pipeline import create_pipeline_builder

ROWS = 300


class AlgorithmSuite(PluginSuite):
    """Say `name`, and `options` as the pipeline's hyperparameters."""

    group = plugins.ALGORITHMS

    def test_a_pipeline_that_ends_in_it_learns_and_an_artifact_answers_alike(self) -> None:
        """For each kind of target that it says it can learn."""
        algorithm: Algorithm = plugins.load(self.group, self.name)
        holds(algorithm.classifier or algorithm.regressor, "it learns neither classes nor numbers")
        for kind, path in (("binary", algorithm.classifier), ("regression", algorithm.regressor)):
            if path is not None:
                config = {"model": {"algorithm": self.name, "hyperparameters": dict(self.options)}, "task": kind}
                _learns(config, kind)


class TransformerSuite(PluginSuite):
    """Say `name`, `options`, and which of the columns `number`, `other` (floats) and `word` (text) it takes over."""

    group = plugins.TRANSFORMERS
    columns: tuple[str, ...] = ("number",)

    def test_it_can_be_cloned(self) -> None:
        """Its parameters are those it was made with."""
        from sklearn.base import clone  # noqa: PLC0415 - takes seconds, and only this test needs it

        made = self.make()
        copy: Any = clone(made)
        holds(repr(copy.get_params()) == repr(made.get_params()), "a clone of it has other parameters")

    def test_a_pipeline_with_it_learns_and_an_artifact_answers_alike(self) -> None:
        """It takes over its columns, in a pipeline of a linear model."""
        custom = {"transformer": self.name, "columns": list(self.columns), "options": dict(self.options)}
        config = {"preprocessing": {"custom_transformers": [custom]}, "model": {"algorithm": "logistic_regression"}}
        _learns({**config, "task": "binary"}, "binary")


def _learns(config: dict[str, Any], task: str) -> None:
    frame, target = _rows(task)
    fitted = create_pipeline_builder(config).build_complete_pipeline(frame).fit(frame, target)
    before = fitted.predict(frame)
    holds(len(before) == len(frame), f"{len(before)} answers for {len(frame)} rows")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        sha256 = save_artifact(path, fitted, _manifest(task))
        after = load_artifact(path, sha256).predict(frame)
    holds(np.array_equal(np.asarray(before), np.asarray(after)), "the artifact answers otherwise than what was saved")


def _rows(task: str) -> tuple[pd.DataFrame, Any]:
    generator = np.random.default_rng(3)
    numbers = generator.lognormal(size=(ROWS, 2))
    frame = pd.DataFrame(numbers, columns=["number", "other"])
    frame["word"] = generator.choice(["red", "green", "blue"], ROWS)
    score = frame["number"] - frame["other"] + (frame["word"] == "red")
    return frame, score if task == "regression" else score > score.median()


def _manifest(task: str) -> Manifest:
    return Manifest(
        model="trial",
        task=task,  # pyright: ignore[reportArgumentType] - pydantic looks
        target="y",
        features=(
            Feature(name="number", kind="numeric"),
            Feature(name="other", kind="numeric"),
            Feature(name="word", kind="categorical"),
        ),
        metric="r2" if task == "regression" else "accuracy",
        classes=() if task == "regression" else (False, True),
        trained_rows=(0, ROWS),
        train_size=ROWS,
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
