"""A model's own trainer, as a program: it gets the rows that it may learn from; what it made is judged as any other.

The request comes as one JSON object on its standard input. `data` is a Parquet file of features and target, labelled
rows of the reference and of production in time order; rows that the version is to be judged on are not in it. The last
line that the program prints is the path of an artifact (`duetmind train --save` writes one), which is verified, set
beside the champion on the rows kept back, and kept in the version's folder. Its standard error is in the job's log.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ArtifactError, ColumnMismatchError, ColumnMissingError, TrainingError
from duetmind_adaptive.records import GateResult, MetricReading, TrainingReport
from duetmind_adaptive.registry.artifact import load_sealed
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.registry.loaded import LoadedModel
from duetmind_adaptive.tasks.judging import first_to_judge, gate, judged_rows
from duetmind_adaptive.tasks.recipes import BASELINE_SHARE, PROFILE_ROWS, PROFILE_WINDOWS
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.trainer_request import TAIL, ask, asked_of
from duetmind_adaptive.tasks.training_data import TrainingData, read_training_data, window_rows
from duetmind_adaptive.tasks.version_folder import describe, keep_rows, keep_shown, last_row_seen
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.spans import split_rows


def have_trained(request: TrainRequest, folder: Path) -> TrainingReport:
    """Have the model's trainer make a version.

    Raises
    ------
    TrainingError
        When it fails, or what it made is no model of this data; final, because a repeat would do the same.
    """
    data = read_training_data(request)
    first_kept = _first_kept(request, data)
    rows, kept = data.examples.rows[:first_kept], data.examples.part(first_kept, len(data.examples))
    with tempfile.TemporaryDirectory(prefix="duetmind-trainer-") as scratch:
        given = Path(scratch) / "data.parquet"
        pq.write_table(data.labelled_rows(rows).select([*data.kinds, str(request.model.target)]), given)
        made = ask(request, asked_of(request, given, kept))
        loaded = None if made.suffix == ".json" else _verified(made, request, data)
        content = made.read_bytes()
    _describe_rows(request, data, folder, len(rows))
    trained = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
    common = TrainingReport(
        folder=folder, sha256="", metrics={}, baseline=None, gate=None, trained_rows=trained, train_size=len(rows),
        libraries={}, seconds=0.0, notes=("Learned by the model's own trainer.",),
    )  # fmt: skip
    if loaded is None:
        report = _by_metrics(common, request, content)
    else:
        write_durably(folder / ARTIFACT, content)
        shown = _shown(loaded, data, kept)
        keep_shown(folder, data, shown, request.model)
        report = replace(
            common, sha256=hashlib.sha256(content).hexdigest(), metrics=shown.metrics(request.model),
            baseline=shown.baseline(request.model),
            gate=gate(request, data, request.champion, shown) if request.champion else None,
            libraries=loaded.manifest.libraries, judged_rows=judged_rows(kept),
        )  # fmt: skip
    describe(report, request, loaded.manifest if loaded else None)
    return report


def _describe_rows(request: TrainRequest, data: TrainingData, folder: Path, learned: int) -> None:
    """The profile that later windows are compared with, and what goes with it."""
    model = request.model
    newest = data.reference if request.champion is None else data.newest(_profiled(request, data, learned))
    keep_rows(folder, model, newest, tuple(data.kinds))


def _by_metrics(report: TrainingReport, request: TrainRequest, content: bytes) -> TrainingReport:
    """A version that serves elsewhere and of which only its metrics are known: nothing can be proved of it here."""
    model = request.model
    if model.prediction is None:
        raise TrainingError(
            f"the trainer handed over metrics and no model, and models.{model.name} has no column of answers from "
            f"elsewhere; name it in models.{model.name}.prediction, or hand over an artifact"
        )
    try:
        told = json.loads(content)
        value, rows = float(told[model.metric]), int(told.get("rows", 0))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"the trainer's metrics are no JSON object with a number for {model.metric!r} (and one for 'rows')"
        ) from error
    if not math.isfinite(value):
        raise TrainingError(f"the trainer's {model.metric} is {value}, which is no measurement")
    error = math.sqrt(max(value * (1 - value), 0) / rows) if rows > 0 and 0 <= value <= 1 else 0.0
    gate = GateResult(
        verdict="inconclusive", metric=model.metric, rows=rows, champion=None, challenger=value, difference=None,
        low=None, high=None, confidence=request.confidence,
        reason=f"Not decided: only its own word says that its {model.metric} is {value:.4f}.",
    )  # fmt: skip
    reading = MetricReading(
        name=model.metric, value=value, low=value - 2 * error, high=value + 2 * error, error=error, rows=rows
    )
    return replace(report, metrics={model.metric: value}, baseline=reading, gate=gate if request.champion else None)


def _first_kept(request: TrainRequest, data: TrainingData) -> int:
    """The place of the first row that the version is judged on: of the first version, the reference's last part."""
    examples = data.examples
    if request.champion is None:
        return int(int((examples.rows < 0).sum()) * (1 - BASELINE_SHARE))
    window = window_rows(request.model, data)
    seen, least = first_to_judge(request, last_row_seen(request.champion)), request.model.gate_rows
    return split_rows(examples.rows, seen=seen, window=window, least=least).hold_out


def _verified(path: Path, request: TrainRequest, data: TrainingData) -> LoadedModel:
    """The artifact, looked into without trust, and a model of this data."""
    model = request.model
    try:
        there = path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null byte
        there = False
    if not there:
        raise TrainingError(f"the trainer named {str(path)[:TAIL]!r}, and there is no such file")
    try:
        loaded = load_sealed(path)
    except ArtifactError as error:
        raise TrainingError(f"what the trainer made cannot be used: {error}") from error
    manifest = loaded.manifest
    if manifest.task != model.task:
        raise TrainingError(f"the trainer made a {manifest.task} model, and models.{model.name} is {model.task}")
    if strange := sorted(set(loaded.features) - set(data.kinds)):
        raise TrainingError(f"the trainer's model needs '{strange[0]}', which is no feature of models.{model.name}")
    known = {str(each) for each in data.examples.classes.tolist()}
    if model.task != "regression" and (strange := sorted({str(each) for each in manifest.classes} - known)):
        raise TrainingError(f"the trainer's model answers '{strange[0]}', which is no class of '{model.target}'")
    return loaded


def _shown(loaded: LoadedModel, data: TrainingData, kept: Examples) -> Shown:
    try:
        return Shown.of(loaded, data.labelled_rows(kept.rows), kept)
    except (ColumnMissingError, ColumnMismatchError, ValueError, TypeError) as error:
        raise TrainingError(f"the trainer's model cannot answer the rows kept back: {error}") from error


def _profiled(request: TrainRequest, data: TrainingData, learned: int) -> int:
    return max(PROFILE_ROWS, min(learned, PROFILE_WINDOWS * window_rows(request.model, data)))
