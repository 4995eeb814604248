"""What lies in a version's folder beside its artifact, whoever trained it: what windows are compared with, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.records import TrainingReport, VersionRef
from duetmind_adaptive.registry.layout import ARTIFACT, DESCRIPTION, PROFILE
from duetmind_adaptive.registry.manifest import Manifest
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.holdout import write_sample
from duetmind_adaptive.tasks.learn_habits import keep_holdout
from duetmind_adaptive.tasks.natural import write_natural
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.surroundings import moments_of
from duetmind_adaptive.tasks.training_data import TrainingData
from duetmind_adaptive.tasks.window_profiles import write_bins


def keep_rows(
    folder: Path, model: Model, table: pa.Table, features: tuple[str, ...], profile: Reference | None = None
) -> None:
    """Write what later windows are compared with: the rows' profile, what is natural for them, bins and a sample."""
    if profile is None:
        moments = moments_of(model, table)
        profile = Reference.from_table(table, features, moments=moments, kinds=model.column_kinds)
    profile.save(folder / PROFILE)
    write_natural(folder, profile, table, model)
    write_bins(folder, table, features)
    write_sample(folder, table, (*features, model.target, model.timestamp))


def keep_shown(folder: Path, data: TrainingData, shown: Shown | None, model: Model) -> None:
    """Write the hold-out: the rows that the baseline was measured on, with the answers that it was measured of."""
    if shown is None or model.target is None or not len(shown.examples):
        return
    table = data.labelled_rows(shown.examples.rows)
    if table.num_rows == len(shown.examples):  # else reference and production have other types: not one table
        classes = shown.examples.classes
        features = tuple(data.kinds)
        keep_holdout(folder, model, table, features, prediction=shown.prediction, scores=shown.scores, classes=classes)


def describe(report: TrainingReport, request: TrainRequest, manifest: Manifest | None) -> None:
    """`version.json`: what serves reads the sha256, what trains next reads `trained_rows`, people read the rest."""
    facts: dict[str, Any] = {
        "model": request.model.name,
        "job": request.job,
        "attempt": request.attempt,
        "created": request.now.isoformat(),
        "artifact": ARTIFACT if report.sha256 else None,
        "sha256": report.sha256 or None,
        "trained_rows": report.trained_rows,
        "train_size": report.train_size,
        "again": report.again,
        "metrics": report.metrics,
        "baseline": asdict(report.baseline) if report.baseline else None,
        "gate": asdict(report.gate) if report.gate else None,
        "libraries": report.libraries,
        "notes": report.notes,
        "extra": report.extra,
        "features": [feature.model_dump() for feature in manifest.features] if manifest else None,
    }
    write_durably(report.folder / DESCRIPTION, json.dumps(facts, indent=1, default=_plain).encode())


def last_row_seen(version: VersionRef) -> int:
    """The version learned from production rows before this one."""
    return trained_rows_of(version)[1]


def trained_rows_of(version: VersionRef) -> tuple[int, int]:
    """The rows `[first, last)` that the version learned from.

    Raises
    ------
    ArtifactError
        When its description is gone or damaged.
    """
    path = version.folder / DESCRIPTION
    try:
        first, last = json.loads(path.read_bytes())["trained_rows"]
        return int(first), int(last)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ArtifactError(f"{path}, which says what version {version.version} learned from, is damaged") from error


def _plain(value: object) -> object:
    """NumPy's scalars as Python's."""
    return value.item() if isinstance(value, np.generic) else str(value)
