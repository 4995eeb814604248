"""Measures a version's metric on labelled rows: its own answers where it has an artifact, the data's where not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.metrics import complete, measure, metric_value
from duetmind_adaptive.errors import ColumnMismatchError, ColumnMissingError
from duetmind_adaptive.records import MetricReading, VersionRef, Window
from duetmind_adaptive.registry.artifact import load_artifact
from duetmind_adaptive.registry.loaded import LoadedModel
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.labels import with_labels
from duetmind_adaptive.sources.production import ProductionSource

#: predictions, scores (or None) and the classes in the order of the scores' columns (None: those of the labels)
Answers = tuple[NDArray[Any], NDArray[Any] | None, Sequence[Any] | None]

#: champions differ in size; a dozen small models is what a warm worker may hold
MODELS_KEPT = 12


def measure_window(
    model: Model, version: VersionRef, window: Window, table: pa.Table, now: datetime
) -> MetricReading | None:
    """The metric of `version` on the labelled rows of a window; None without labels or without usable inputs."""
    labelled = with_labels(table, model, now=now, window_end=window.end)
    return measure_labelled(model, labelled, lambda rows: answer(model, version, rows))


def measure_labelled(
    model: Model, labelled: pa.Table, answers: Callable[[pa.Table], Answers | None]
) -> MetricReading | None:
    """The metric on rows that have the target column, as far as it is known there; None without any of it.

    Parameters
    ----------
    model
        Whose metric and target.
    labelled
        The rows; without the target column nothing is measured.
    answers
        The version's answers to the rows among them that have a label.
    """
    given = _labelled_answers(model, labelled, answers)
    if given is None:
        return None
    truth, (prediction, score, classes) = given
    return measure(model.metric, model.task, truth=truth, prediction=prediction, score=score, classes=classes)


def _labelled_answers(
    model: Model, labelled: pa.Table, answers: Callable[[pa.Table], Answers | None]
) -> tuple[NDArray[Any], Answers] | None:
    if model.target is None or model.target not in labelled.column_names:
        return None
    labelled = labelled.filter(labelled[model.target].is_valid())
    given = answers(labelled) if labelled.num_rows else None
    return None if given is None else (labelled[model.target].to_numpy(zero_copy_only=False), given)


def answer(model: Model, version: VersionRef, table: pa.Table) -> Answers | None:
    """Predictions, scores and classes of `version` for the rows of `table`; None when its inputs do not fit."""
    if version.artifact is None:
        return _given_answers(model, table)
    try:
        loaded = loaded_model(version.artifact, version.sha256 or "")
        return *loaded.answer(table), loaded.classes.tolist() or None
    except (ColumnMissingError, ColumnMismatchError):  # a data-quality finding says so; there is no metric to tell
        return None


@lru_cache(maxsize=MODELS_KEPT)
def loaded_model(artifact: Path, sha256: str) -> LoadedModel:
    """A verified model, kept while the worker lives."""
    return load_artifact(artifact, sha256)


def measure_windows(
    model: Model, version: VersionRef, windows: Sequence[Window], now: datetime
) -> tuple[float | None, ...]:
    """The metric of one version on many windows, however few rows they have: as people read it, not as it is judged."""
    source = ProductionSource(model)
    return tuple(_value(model, version, w, source.read(w.first_row, w.last_row), now) for w in windows)


def _value(model: Model, version: VersionRef, window: Window, table: pa.Table, now: datetime) -> float | None:
    labelled = with_labels(table, model, now=now, window_end=window.end)
    given = _labelled_answers(model, labelled, lambda rows: answer(model, version, rows))
    if given is None:
        return None
    truth, (prediction, score, classes) = given
    rows = complete(model.metric, truth, prediction, score)
    if not rows.any():
        return None
    answers = (None if part is None else part[rows] for part in (prediction, score))
    value = metric_value(model.metric, model.task, truth[rows], *answers, classes=classes)
    return value if math.isfinite(value) else None


def _given_answers(model: Model, table: pa.Table) -> Answers | None:
    if model.prediction is None or model.prediction not in table.column_names:
        return None
    prediction = table[model.prediction].to_numpy(zero_copy_only=False)
    if model.score is None:
        return prediction, None, None
    if model.score not in table.column_names:
        raise ColumnMissingError(
            f"model {model.name}: the score column '{model.score}' is not in the data; fix models.{model.name}.score"
        )
    return prediction, table[model.score].to_numpy(zero_copy_only=False), None
