"""The last step in a worker: the version's folder, whole and durable, as any training job leaves one.

It lies with the order until the version is registered, because a start sweeps what no version names.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from duetmind_adaptive.durable import sync_folder
from duetmind_adaptive.records import TrainingReport
from duetmind_adaptive.registry.artifact import save_artifact
from duetmind_adaptive.registry.layout import ARTIFACT, DESCRIPTION, folder_name, version_folder
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.automated.judged import Judged
from duetmind_adaptive.tasks.automated.rows import Checked, Halves, Prepared
from duetmind_adaptive.tasks.automated.wanted import LEARNED, Wanted, document_of, model_of
from duetmind_adaptive.tasks.learn_habits import keep_holdout
from duetmind_adaptive.tasks.libraries import library_versions
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.version_folder import describe, keep_rows
from duetmind_adaptive.training.custom_pipeline.thresholds import threshold_of
from duetmind_adaptive.training.fingerprint import fingerprint

#: where, with the order, the version's folder lies until it is registered
VERSION = "version"


def register(asked: str, checked: Checked, prepared: Prepared, halves: Halves, judged: Judged) -> TrainingReport:
    """Write the version's folder and the rows that it learned from.

    Raises
    ------
    ArtifactError
        The model holds what an artifact may not.
    """
    wanted = Wanted.model_validate_json(asked)
    _write_learned(wanted, halves)
    document = document_of(wanted, task=checked.task, metric=checked.metric, features=checked.features)
    model, now = model_of(document, wanted.folder), datetime.now(UTC)
    folder = wanted.home / VERSION
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keep_rows(folder, model, halves.learned, checked.features)
    shown = judged.shown
    keep_holdout(
        folder, model, halves.held, checked.features,
        prediction=shown.prediction, scores=shown.scores, classes=shown.examples.classes,
    )  # fmt: skip
    manifest = _manifest(model, now, halves, prepared, judged)
    report = TrainingReport(
        folder=folder,
        sha256=save_artifact(folder / ARTIFACT, judged.candidate.pipeline, manifest),
        metrics=judged.metrics,
        baseline=shown.baseline(model),
        gate=None,
        trained_rows=manifest.trained_rows,
        train_size=manifest.train_size,
        libraries=manifest.libraries,
        seconds=0.0,
        notes=(*checked.notes, *judged.candidate.notes),
        extra={"workflow": wanted.id} | _search(judged),
    )
    request = TrainRequest(model=model, job=wanted.id, attempt=1, champion=None, upto_row=0, now=now, seed=wanted.seed)
    describe(report, request, manifest)
    sync_folder(folder)
    sync_folder(wanted.home)
    return report


def place(report: TrainingReport, wanted: Wanted, model: Model) -> TrainingReport:
    """Put the folder among the model's versions, as links of the same files; done before the version is registered."""
    folder = version_folder(model.folder, folder_name(wanted.id, 1))
    if not (folder / DESCRIPTION).exists():
        shutil.rmtree(folder, ignore_errors=True)
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(report.folder, unfinished, copy_function=os.link)
        unfinished.replace(folder)
    for each in (folder, folder.parent, folder.parent.parent):
        sync_folder(each)
    return replace(report, folder=folder)


def _write_learned(wanted: Wanted, halves: Halves) -> None:
    path = wanted.home / LEARNED
    unfinished = path.with_name(f".{path.name}.tmp")
    pq.write_table(halves.learned, unfinished)
    unfinished.replace(path)


def _search(judged: Judged) -> dict[str, Any]:
    """What the next search begins with."""
    found = judged.candidate.facts.get("configurations")
    return {"automl": {"configurations": found}} if found else {}


def _manifest(model: Model, now: datetime, halves: Halves, prepared: Prepared, judged: Judged) -> Manifest:
    learned, pipeline = prepared.examples, judged.candidate.pipeline
    return Manifest(
        model=model.name,
        task=model.task,
        target=model.target or "",
        features=tuple(
            Feature(name=name, kind=kind, dtype=str(halves.learned.schema.field(name).type))
            for name, kind in prepared.kinds.items()
        ),
        classes=tuple(learned.classes.tolist()),
        threshold=threshold_of(pipeline),
        metric=model.metric,
        metrics=judged.metrics,
        libraries=library_versions(),
        trained_rows=(-len(learned), 0),
        train_size=len(learned),
        fingerprint=fingerprint(learned.frame, learned.truth),
        pipeline=model.pipeline.model_dump(mode="json") if model.pipeline else {},
        created=now,
    )
