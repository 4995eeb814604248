"""Without labels: how far an estimated metric is from the true one over 40 windows of each stream, beside CBPE.

The champion is trained on the reference; both estimators get its hold-out and its answers to each window. NannyML's
CBPE never sees labels; ours is measured so too, and once more with labels that come five windows late. An interval's
coverage is the share of windows whose true metric lies in it. CBPE is for classifiers: a regression stands beside the
error of assuming that nothing changed.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.peers import peer_environment, peer_python
from duetmind_adaptive.drift.estimation.estimator import Estimator
from duetmind_adaptive.drift.estimation.feedback import Feedback
from duetmind_adaptive.drift.metrics import measure
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.examinations.estimate import estimator_of, raw_estimate
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.measure import answer
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.train import train_version
from duetmind_adaptive.tasks.view import stored

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[2] / "shared" / "data"
#: each with the metric that is estimated
STREAMS = {
    "diabetes_130us_shuffled": "accuracy",
    "bank_marketing": "accuracy",
    "elec2": "accuracy",
    "air_quality": "mae",
    "random_tree_gradual": "accuracy",
}
WINDOWS, DELAY = 40, 5
NOW = datetime(2040, 1, 1, tzinfo=UTC)
#: what the peer runs: reference and windows as Parquet, answers to standard output
CBPE = """
import json, sys
import pandas as pd, nannyml
before, after = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
cbpe = nannyml.CBPE(y_pred_proba="score", y_pred="prediction", y_true="truth", problem_type="classification_binary",
                    metrics=["accuracy"], chunk_size=int(sys.argv[3]))
cbpe.fit(before)
found = cbpe.estimate(after).to_df()["accuracy"]
print(json.dumps({"value": found["value"].tolist(), "error": found["sampling_error"].tolist()}))
"""


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """Estimates of each window, and what came true."""

    truth: Floats
    value: Floats
    low: Floats
    high: Floats

    @property
    def off(self) -> float:
        """Mean absolute error."""
        return float(np.abs(self.value - self.truth).mean())

    @property
    def covered(self) -> float:
        """Share of intervals that hold the truth."""
        return float(((self.low <= self.truth) & (self.truth <= self.high)).mean())


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A stream with its champion."""

    model: Model
    version: VersionRef
    windows: tuple[pa.Table, ...]
    truth: Floats


def run(quick: bool) -> list[Figure]:
    """Every stream, or the shortest."""
    return [
        figure for name in ([*STREAMS][-1:] if quick else STREAMS) for figure in _stream(name, beside_peer=not quick)
    ]


def _stream(name: str, *, beside_peer: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        world = _world(name, Path(folder))
        never, late = _ours(world, None), _ours(world, DELAY)
        peer = _peer(world, Path(folder)) if beside_peer and world.model.task == "binary" else None
    beside = ("CBPE", peer) if peer else ("assuming no change", _unchanged(world))
    yield _error(f"{name}: error of the {world.model.metric}, no labels", never, beside)
    yield _error(f"{name}: the same, labels {DELAY} windows late", late, beside)
    covered = 100 * late.covered
    yield Figure(name=f"{name}: coverage of its 90 % intervals", value=covered, unit="%", target=at_least(85))
    if peer:
        yield Figure(name=f"{name}: coverage of CBPE's intervals", value=100 * peer.covered, unit="%")


def _error(name: str, ours: Estimated, beside: tuple[str, Estimated]) -> Figure:
    peer, theirs = beside
    return Figure(
        name=name, value=ours.off, unit="", ratio=ours.off / theirs.off, peer=peer,
        ratio_target=at_most(1) if peer == "CBPE" else None,
    )  # fmt: skip


def _unchanged(world: World) -> Estimated:
    """That the metric stays what it was on the hold-out."""
    value = np.full(WINDOWS, _estimator(world).reference.value)
    return Estimated(world.truth, value, value, value)


def _ours(world: World, delay: int | None) -> Estimated:
    """What the examination does window by window, labels coming `delay` windows late or never."""
    estimator = _estimator(world)
    feedback, found, scale = Feedback(), list[tuple[float, ...]](), estimator.scale
    for at, table in enumerate(world.windows):
        if delay is not None and at >= delay:
            feedback = feedback.learn(at - delay, scale.to(float(world.truth[at - delay])))
        raw = raw_estimate(estimator, table, answer(world.model, world.version, table))
        if raw is None:
            raise SystemExit(f"{world.model.name}: window {at} cannot be estimated")
        sent = feedback.send(at, raw)
        feedback = feedback.sent(sent)
        bounds = (sent.value, sent.value - sent.reach, sent.value + sent.reach)
        found.append(tuple(map(scale.back, bounds)))
    value, low, high = np.array(found).T
    return Estimated(world.truth, value, low, high)


def _estimator(world: World) -> Estimator:
    names = tuple(world.model.features or ())
    estimator = estimator_of(world.version.folder, world.model.metric, world.model.task, names)
    if estimator is None:
        raise SystemExit(f"{world.model.name}: has no hold-out to estimate from")
    return estimator


def _peer(world: World, folder: Path) -> Estimated | None:
    python, held = peer_python("nannyml"), stored(world.version.folder / "holdout.arrow")
    if python is None or held is None:
        return None
    holdout = read_holdout(held)
    before: dict[str, Any] = {"score": holdout.score, "prediction": holdout.prediction, "truth": holdout.truth}
    answers = [answer(world.model, world.version, table) for table in world.windows]
    after: dict[str, Any] = {
        "score": np.concatenate([each[1] for each in answers if each and each[1] is not None]),
        "prediction": np.concatenate([each[0] for each in answers if each]),
    }
    if holdout.score is None:
        return None
    coded = dict(zip(holdout.classes, (0, 1), strict=True))
    for side in (before, after):
        side.update(
            {name: np.array([coded[value] for value in side[name].tolist()]) for name in side if name != "score"}
        )
    places = folder / "before.parquet", folder / "after.parquet"
    for place, side in zip(places, (before, after), strict=True):
        pq.write_table(pa.table(side), place)
    command = [str(python), "-c", CBPE, *map(str, places), str(world.windows[0].num_rows)]
    run = subprocess.run(command, env=peer_environment(), capture_output=True, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    value, error = np.array(found["value"])[:WINDOWS], np.array(found["error"])[:WINDOWS]
    return Estimated(world.truth, value, value - 3 * error, value + 3 * error)


def _world(name: str, folder: Path) -> World:
    stream = json.loads((DATA / f"{name}.json").read_text())
    table, split = pq.read_table(DATA / stream["file"]), stream["windows"]["reference"]["end_row"]
    rows = (table.num_rows - split) // WINDOWS
    pq.write_table(table.slice(0, split), folder / "reference.parquet")
    target = stream["target"] if isinstance(stream["target"], str) else stream["target"]["column"]
    facts: dict[str, Any] = {
        "name": name, "task": stream["task"], "target": target, "timestamp": stream["timestamp"]["column"],
        "features": tuple(stream["features"]), "exclude": (), "prediction": None, "score": None,
        "metric": STREAMS[name],
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "reference.parquet"), "window": {"rows": rows}},
        "labels": {}, "schedule": {"every": "1h"}, "pipeline": {"model": {"algorithm": "hist_gradient_boosting"}},
        "responses": (), "drift_threshold": 0.02, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models",
    }  # fmt: skip
    model = Model.model_validate(facts)
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(model=name, version=1, folder=made.folder, artifact=made.folder / ARTIFACT, sha256=made.sha256)
    windows = tuple(table.slice(split + at * rows, rows) for at in range(WINDOWS))
    truth = np.array([_metric(model, version, window, target) for window in windows])
    return World(model, version, windows, truth)


def _metric(model: Model, version: VersionRef, window: pa.Table, target: str) -> float:
    answers = answer(model, version, window)
    if answers is None:
        raise SystemExit(f"{model.name}: the champion cannot answer its stream")
    truth = window[target].to_numpy(zero_copy_only=False)
    reading = measure(model.metric, model.task, truth=truth, prediction=answers[0], score=answers[1])
    if reading is None:
        raise SystemExit(f"{model.name}: {model.metric} is undefined on a window")
    return reading.value
