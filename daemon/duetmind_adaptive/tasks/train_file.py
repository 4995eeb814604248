"""One configured pipeline on a file: measured out of fold, learned from all rows, saved. What `duetmind train` does.

rows → problem → examples → folds → metrics
                    └────→ pipeline → artifact
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types
from sklearn.pipeline import Pipeline

from duetmind_adaptive.drift.metrics import measure, metric_value
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.registry.artifact import save_artifact
from duetmind_adaptive.registry.manifest import Manifest
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.tasks.labelled_file import LabelledFile, problem_of, read_labelled, to_pandas
from duetmind_adaptive.tasks.libraries import library_versions
from duetmind_adaptive.training.automl.problem import Problem, is_quantity
from duetmind_adaptive.training.automl.scoring import NUMBER_METRICS
from duetmind_adaptive.training.custom_pipeline.casting import cast_frame
from duetmind_adaptive.training.custom_pipeline.kinds import infer_kinds
from duetmind_adaptive.training.custom_pipeline.thresholds import threshold_of
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fingerprint import fingerprint
from duetmind_adaptive.training.fitting import Learner
from duetmind_adaptive.training.out_of_fold import out_of_fold

#: reported where the pipeline names no metrics
CLASS_METRICS = ("accuracy", "roc_auc", "log_loss")

#: told what is done, how many steps of how many
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileTraining(LabelledFile):
    """What to learn from which columns of which file."""

    pipeline: PipelineSettings
    seed: int = 0
    save: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """The pipeline, what it learned from, and how its like did out of fold."""

    learner: Learner
    examples: Examples
    pipeline: Pipeline
    metrics: dict[str, dict[str, float | None]]


def train_file(asked: FileTraining, progress: Progress | None = None) -> dict[str, Any]:
    """Measure the pipeline out of fold, fit it to all rows, and save it.

    Returns
    -------
    dict
        One JSON document: task, rows, features and their kinds, metrics with 95 % intervals, fingerprint, artifact
        and its sha256.

    Raises
    ------
    SourceError
        The file cannot be read, or a named column is not in it.
    TrainingError
        Nothing can be learned from these rows, or not with this pipeline.
    ArtifactError
        The model holds what an artifact may not.
    """
    began, told = time.perf_counter(), progress or _nothing
    told("reading", 0, 1)
    table = read_labelled(asked)
    problem = problem_of(table, asked, _deciding_metric(asked, table))
    _refuse(asked.pipeline, problem)
    examples, learner = _prepare(asked, problem)
    metrics, folds = _measured(asked, problem, examples, learner, told)
    told("fitting all rows", folds, folds + 1)
    fitted = _Fitted(learner, examples, learner.fit(examples), metrics)
    manifest = _manifest(asked, fitted, table.schema)
    sha256 = save_artifact(asked.save, fitted.pipeline, manifest) if asked.save else None
    return {
        "pipeline": asked.pipeline.name,
        "algorithm": asked.pipeline.model.algorithm,
        "task": problem.task,
        "target": asked.target,
        "classes": list(problem.classes),
        "rows": len(examples),
        "features": dict(learner.kinds),
        "metric": manifest.metric,
        "metrics": metrics,
        "folds": folds,
        "threshold": manifest.threshold,
        "fingerprint": manifest.fingerprint,
        "seconds": round(time.perf_counter() - began, 3),
        "notes": list(problem.notes),
        "artifact": None if asked.save is None else str(asked.save),
        "sha256": sha256,
    }


def _manifest(asked: FileTraining, fitted: _Fitted, schema: pa.Schema) -> Manifest:
    examples, metrics = fitted.examples, fitted.metrics
    facts: dict[str, Any] = {
        "model": Path(asked.data).stem or asked.pipeline.name,
        "task": fitted.learner.task,
        "target": asked.target,
        "features": [
            {"name": name, "kind": kind, "dtype": str(schema.field(name).type)}
            for name, kind in fitted.learner.kinds.items()
        ],
        "classes": examples.classes.tolist(),
        "threshold": threshold_of(fitted.pipeline),
        "metric": next(iter(metrics)),
        "metrics": {name: each["value"] for name, each in metrics.items() if each["value"] is not None},
        "libraries": library_versions(),
        "trained_rows": (0, len(examples)),
        "train_size": len(examples),
        "fingerprint": fingerprint(examples.frame, examples.truth),
        "pipeline": asked.pipeline.model_dump(mode="json", exclude_defaults=True),
        "created": datetime.now(UTC),
    }
    return Manifest(**facts)


def _nothing(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def _deciding_metric(asked: FileTraining, table: pa.Table) -> str:
    """A metric of the task that is stated, of the metrics that are named, or of what the target looks like."""
    pipeline = asked.pipeline
    if pipeline.task is None and pipeline.evaluation.metrics:
        return pipeline.evaluation.metrics[0]
    if pipeline.task is not None:
        return NUMBER_METRICS[0] if pipeline.task == "regression" else "accuracy"
    target = pd.Series(to_pandas(table.select([asked.target]))[asked.target])
    number = types.is_numeric_dtype(target.dtype) and not types.is_bool_dtype(target.dtype)
    return NUMBER_METRICS[0] if number and is_quantity(target) else "accuracy"


def _refuse(pipeline: PipelineSettings, problem: Problem) -> None:
    if pipeline.task == "binary" and problem.task == "multiclass":
        raise TrainingError(
            f"the target has {len(problem.classes)} classes, and the pipeline's task is binary; state multiclass"
        )


def _prepare(asked: FileTraining, problem: Problem) -> tuple[Examples, Learner]:
    """Cast the columns once for all fits, which learns nothing from them."""
    # texts of Parquet come encoded, which pandas calls categories whatever they hold
    encoded = problem.frame.select_dtypes("category").columns
    raw = problem.frame.astype(dict.fromkeys(encoded, "str"))
    told = infer_kinds(raw, asked.pipeline.preprocessing.column_kinds)
    kinds = {name: kind for name, kind in told.items() if name in problem.kinds}
    frame = cast_frame(raw, kinds)
    examples = Examples(frame, problem.target, np.arange(len(problem)), np.asarray(problem.classes))
    return examples, Learner(asked.pipeline, problem.task, kinds, asked.seed)


def _measured(
    asked: FileTraining, problem: Problem, examples: Examples, learner: Learner, told: Progress
) -> tuple[dict[str, dict[str, float | None]], int]:
    """Every metric with its interval, and on how many folds it was measured."""
    evaluation = asked.pipeline.evaluation
    count = evaluation.folds
    if problem.classes and problem.moments is None and problem.groups is None:
        count = max(2, min(count, int(np.bincount(examples.target).min())))
    told("fold 1", 0, count + 1)
    rows, prediction, scores = out_of_fold(
        learner,
        examples,
        problem.folds(count, asked.seed),
        ordered=problem.moments is not None,
        told=lambda done: told(f"fold {min(done + 1, count)}", done, count + 1),
    )
    wanted = evaluation.metrics or (CLASS_METRICS if problem.classes else NUMBER_METRICS)
    names = [name for name in wanted if (name in NUMBER_METRICS) != bool(problem.classes)]
    fitting = names or ["accuracy" if problem.classes else NUMBER_METRICS[0]]
    truth = examples.truth[rows]
    return {name: _value(name, examples, truth, (prediction, scores)) for name in fitting}, count


def _value(
    metric: str,
    examples: Examples,
    truth: NDArray[Any],
    said: tuple[NDArray[Any], NDArray[np.float64] | None],
) -> dict[str, float | None]:
    """The value, None where it is undefined, and its 95 % interval where there are rows enough for one."""
    classes = list(examples.classes) or None
    task = "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    value = metric_value(metric, task, truth, *said, classes=classes)
    reading = measure(metric, task, truth=truth, prediction=said[0], score=said[1], classes=classes)
    said_value = float(value) if np.isfinite(value) else None
    return {"value": said_value} | ({} if reading is None else {"low": reading.low, "high": reading.high})
