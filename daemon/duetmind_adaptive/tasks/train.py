"""The training job: makes a version, writes its folder whole and durably, and reports.

The folder is named after the job and its attempt (`registry.layout`), so a job that is killed leaves an orphan and
never a half version. What cannot be learned from is a TrainingError: one sentence, and trying again would not help.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.drift.metrics import measure
from duetmind_adaptive.durable import sync_folder
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import MetricReading, TrainingReport, VersionRef
from duetmind_adaptive.registry.artifact import save_artifact
from duetmind_adaptive.registry.layout import (
    ARTIFACT,
    folder_name,
    version_folder,
)
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.columns import feature_columns
from duetmind_adaptive.sources.reference import read_reference
from duetmind_adaptive.tasks.former import copy_artifact
from duetmind_adaptive.tasks.learn_habits import keep_holdout
from duetmind_adaptive.tasks.libraries import library_versions
from duetmind_adaptive.tasks.measure import answer
from duetmind_adaptive.tasks.own_trainer import have_trained
from duetmind_adaptive.tasks.recipes import Made, make_challenger, make_first
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.searching import search_learner
from duetmind_adaptive.tasks.training_data import TrainingData, moment_of, read_training_data
from duetmind_adaptive.tasks.version_folder import describe, keep_rows, keep_shown, last_row_seen, trained_rows_of
from duetmind_adaptive.training.custom_pipeline.thresholds import threshold_of
from duetmind_adaptive.training.fingerprint import fingerprint
from duetmind_adaptive.training.fitting import Learner


def train_version(request: TrainRequest) -> TrainingReport:
    """Make one version; the same request makes the same model.

    Raises
    ------
    TrainingError
        The data or the settings allow no model; final.
    SourceError
        The data cannot be read now.
    ArtifactError
        The champion's artifact is gone or damaged.
    """
    started = time.perf_counter()
    folder = version_folder(request.model.folder, folder_name(request.job, request.attempt))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make = have_trained if request.model.trainer else _adopt if request.model.pipeline is None else _learn
    report = make(request, folder)
    sync_folder(folder.parent)
    sync_folder(folder.parent.parent)
    champion = request.champion.version if request.champion else None
    return replace(report, champion=champion, seconds=time.perf_counter() - started)


def _adopt(request: TrainRequest, folder: Path) -> TrainingReport:
    """The version of a model that is deployed elsewhere: the reference's profile, and its answers' metric."""
    model = request.model
    if request.champion is not None:
        raise TrainingError(f"model {model.name} has no pipeline, so nothing here trains it; name one in the config")
    reference = read_reference(model)
    features = feature_columns(reference.schema, model)
    keep_rows(folder, model, reference, features)
    measured = _given_metric(model, reference, folder)
    baseline = model.baselines[0] if model.baselines else measured
    report = TrainingReport(
        folder=folder,
        sha256="",
        metrics={each.name: each.value for each in model.baselines or ([baseline] if baseline else [])},
        baseline=baseline,
        gate=None,
        trained_rows=(-reference.num_rows, 0),
        train_size=reference.num_rows,
        libraries=library_versions(),
        seconds=0.0,
        notes=(
            f"Deployed elsewhere; the baseline is what {'it is said to' if model.baselines else 'its answers'} score.",
        ),
    )
    describe(report, request, None)
    return report


def _given_metric(model: Model, reference: pa.Table, folder: Path) -> MetricReading | None:
    """What the answers in the reference score; the rows that have both label and answer are kept as the hold-out."""
    if model.target is None or model.prediction is None or model.target not in reference.column_names:
        return None
    elsewhere = VersionRef(model=model.name, version=0, folder=model.folder, artifact=None, sha256=None)
    given = answer(model, elsewhere, reference)
    if given is None:
        return None
    truth = reference[model.target].to_numpy(zero_copy_only=False)
    rows = complete_rows(truth, given[0], given[1])
    truth, prediction, score = truth[rows], given[0][rows], None if given[1] is None else given[1][rows]
    table = reference.filter(pa.array(rows))
    classes = np.array([]) if model.task == "regression" else np.unique(truth.tolist())
    features = feature_columns(reference.schema, model)
    keep_holdout(folder, model, table, features, prediction=prediction, scores=score, classes=classes)
    return measure(model.metric, model.task, truth=truth, prediction=prediction, score=score)


def _learn(request: TrainRequest, folder: Path) -> TrainingReport:
    model = request.model
    data = read_training_data(request)
    pipeline = model.pipeline
    if pipeline is None:
        raise TrainingError(f"model {model.name} has no pipeline, so nothing here trains it; name one in the config")
    champion = request.champion
    quick = Learner(pipeline, model.task, data.kinds, request.seed)
    search = search_learner(request, data.kinds) if model.automl else None
    if champion is None:
        made, profile = make_first(request, data, search or quick), data.profile
    else:
        made = make_challenger(request, data, search or quick, champion, last_row_seen(champion), quick=quick)
        profile = None
    keep_rows(folder, model, made.profiled, tuple(data.kinds), profile)
    keep_shown(folder, data, made.shown, model)
    former = made.former
    manifest = former.loaded.manifest if former else _manifest(request, data, made)
    report = TrainingReport(
        folder=folder,
        sha256=copy_artifact(former, folder) if former else save_artifact(folder / ARTIFACT, made.pipeline, manifest),
        metrics=made.metrics,
        baseline=made.baseline,
        gate=made.gate,
        judged_rows=made.judged_rows,
        trained_rows=trained_rows_of(former.version) if former else manifest.trained_rows,
        train_size=manifest.train_size,
        again=former.version.version if former else None,
        libraries=manifest.libraries,
        seconds=0.0,
        notes=made.notes,
        extra=made.extra | ({"automl": search.document()} if search else {}),
    )
    describe(report, request, manifest)
    return report


def _manifest(request: TrainRequest, data: TrainingData, made: Made) -> Manifest:
    model, rows = request.model, made.learned.rows
    first, last = int(rows[0]), int(rows[-1])
    return Manifest(
        model=model.name,
        task=model.task,
        target=model.target or "",
        features=tuple(
            Feature(name=name, kind=kind, dtype=str(data.reference.schema.field(name).type))
            for name, kind in data.kinds.items()
        ),
        classes=tuple(made.learned.classes.tolist()),
        threshold=threshold_of(made.pipeline),
        metric=model.metric,
        metrics=made.metrics,
        libraries=library_versions(),
        trained_rows=(first, last + 1),
        train_size=len(rows),
        trained_from=moment_of(data, first, model.timestamp),
        trained_to=moment_of(data, last, model.timestamp),
        fingerprint=fingerprint(made.learned.frame, made.learned.truth),
        pipeline=model.pipeline.model_dump(mode="json") if model.pipeline else {},
        created=request.now,
    )
