"""Worlds in which nothing changes, or one thing from a given window on, and the daemon's check walking through one.

A model is deployed elsewhere: its answers and scores are in the data, and so are the true labels. It knows the relation
but for what 20,000 rows would leave it unsure of. Every hour brings a window of 1,000 rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import expit, log_ndtr, ndtr, stdtrit

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import VersionRef, Window
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.requests import CheckRequest, LateWindow, TrainRequest
from duetmind_adaptive.tasks.train import train_version

Floats = NDArray[np.float64]

ROWS, HOUR = 1_000, 3_600.0
#: a Monday, in seconds since 1970
START = 1_736_121_600.0
#: what the label depends on, and by how much the champion is off on average
SLOPES, OFF = {0: 1.5, 2: 1.0}, 0.02
#: degrees of freedom of heavy-tailed errors
FREEDOM = 5.0


@dataclass(frozen=True, slots=True)
class World:
    """How rows behave while nothing changes."""

    name: str
    columns: int = 6
    metric: str = "accuracy"
    #: of a window
    rows: int = ROWS
    #: windows of the reference
    reference: int = 50
    #: correlation of a row's inputs, and of its label's noise, with those of the row before
    alike: float = 0.0
    #: deviations by which day and weekend move two inputs
    season: float = 0.0
    #: share by which the hour makes the label follow the inputs more or less
    season_of_errors: float = 0.0
    #: inputs and errors have heavy tails; the label is a number then
    heavy: bool = False
    #: windows that labels are late
    delay: int = 0
    #: a column of sentences
    text: bool = False

    @property
    def task(self) -> str:
        """Of the model."""
        return "regression" if self.heavy else "binary"


@dataclass(frozen=True, slots=True)
class Change:
    """What changes, from a window on."""

    name: str
    #: of the label's relation to the inputs: factor of the main slope, everywhere or where the second input is large
    turned: float = 1.0
    within: float = -np.inf
    #: share of labels that are drawn anew
    noise: float = 0.0
    #: correlation of the third and fourth input
    correlation: float = 0.0


NOTHING = Change("nothing")


def draw(world: World, hours: NDArray[np.int64], rng: np.random.Generator, change: Change = NOTHING) -> pa.Table:
    """Rows of these hours, one after the other."""
    rows, latent = hours.size * world.rows, _inputs(world, hours, rng, change)
    moments = START + _clock(world, hours) * HOUR
    noise = _in_time(world, rng, (rows,))
    steep = 1 + world.season_of_errors * np.sin(2 * np.pi * moments / (24 * HOUR))
    turned = np.where(latent[:, 1] > change.within, change.turned, 1.0)
    known = sum((slope * latent[:, at] for at, slope in SLOPES.items()), np.zeros(rows))
    truth = steep * (known + (turned - 1) * SLOPES[0] * latent[:, 0])
    off = sum(np.random.default_rng(at).normal(0, OFF) * latent[:, at] for at in range(4)) + known
    shown = np.sinh(latent) if world.heavy else latent
    columns: dict[str, Any] = {f"x{at}": shown[:, at] for at in range(world.columns - 1)}
    columns["word"] = pa.DictionaryArray.from_arrays(
        pa.array(np.floor(ndtr(latent[:, -1]) * 5).clip(0, 4).astype(np.int32)), pa.array(list("abcde"))
    ).cast(pa.string())
    if world.text:
        columns["note"] = _sentences(rng, rows)
    columns["at"] = pa.array((moments * 1e6).astype(np.int64), pa.timestamp("us", "UTC"))
    if world.heavy:
        return pa.table({**columns, "y": truth + stdtrit(FREEDOM, ndtr(noise)) * (1 + change.noise), "prediction": off})
    y = truth + log_ndtr(noise) - log_ndtr(-noise) > 0
    anew = rng.random(rows) < change.noise
    y[anew] = rng.random(int(anew.sum())) < 0.5
    answers = {"y": y.astype(np.int8), "prediction": (off > 0).astype(np.int8), "score": expit(off)}
    return pa.table({**columns, **answers})


def _clock(world: World, hours: NDArray[np.int64]) -> Floats:
    """When each row comes, in hours."""
    return np.repeat(hours, world.rows) + np.tile(np.arange(world.rows) / world.rows, hours.size)


def _sentences(rng: np.random.Generator, rows: int) -> pa.Array:
    """Five to fifteen words each, of 400, some far more frequent than others."""
    words = pa.array(
        [f"{'bcdfghklmn'[at % 10]}{'aeiou'[at // 10 % 5]}{'prstvwxz'[at // 50]}{at % 7}" for at in range(400)]
    )
    often = 1 / np.arange(2, 402)
    ends = np.cumsum(rng.integers(5, 16, rows))
    chosen = words.take(pa.array(rng.choice(400, int(ends[-1]), p=often / often.sum())))
    return pc.binary_join(pa.ListArray.from_arrays(pa.array([0, *ends], pa.int32()), chosen), " ")


def _inputs(world: World, hours: NDArray[np.int64], rng: np.random.Generator, change: Change) -> Floats:
    latent = _in_time(world, rng, (hours.size * world.rows, world.columns))
    latent[:, 1] = 0.8 * latent[:, 1] + 0.6 * latent[:, 0]
    latent[:, 3] = np.sqrt(1 - change.correlation**2) * latent[:, 3] + change.correlation * latent[:, 2]
    if world.season:
        hour = _clock(world, hours)
        shift = np.sin(2 * np.pi * hour / 24) + 0.6 * (hour // 24 % 7 >= 5)
        latent[:, :2] += world.season * shift[:, np.newaxis]
    return latent


def _in_time(world: World, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    noise = rng.normal(size=shape)
    if world.alike:
        noise[1:] *= np.sqrt(1 - world.alike**2)
        noise = np.asarray(lfilter([1.0], [1.0, -world.alike], noise, axis=0), dtype=np.float64)
    return noise


@dataclass(frozen=True, slots=True, eq=False)
class Deployed:
    """A model in a world, and what its version keeps of the reference."""

    world: World
    model: Model
    version: VersionRef
    folder: Path


def deploy(world: World, rng: np.random.Generator, folder: Path) -> Deployed:
    """Take over the model on a reference of its own."""
    table = draw(world, np.arange(world.reference), rng)
    pq.write_table(table, folder / "reference.parquet")
    answers = ("y", "prediction", "score", "at")
    facts: dict[str, Any] = {
        "name": "calm", "task": world.task, "target": "y", "timestamp": "at", "metric": world.metric,
        "features": tuple(name for name in table.column_names if name not in answers), "exclude": (),
        "prediction": "prediction", "score": None if world.heavy else "score",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": world.rows}},
        "labels": {"delay": timedelta(hours=world.delay)}, "schedule": {"every": "1h"}, "pipeline": None,
        "responses": (), "drift_threshold": 0.02, "opens_after": 2, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models",
    }  # fmt: skip
    model = Model.model_validate(facts)
    now = datetime.fromtimestamp(START, UTC)
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=now))
    version = VersionRef(
        model="calm", version=1, folder=made.folder, artifact=None, sha256=None, baseline=made.baseline
    )
    return Deployed(world, model, version, folder)


def first_hour(world: World) -> int:
    """Where production begins: as far into a week as the reference does."""
    return world.reference + 24 * 7 - world.reference % (24 * 7)


def walk(deployed: Deployed, hours: int, rng: np.random.Generator, change: Change = NOTHING) -> Iterator[CheckReport]:
    """The reports of the windows of so many hours, checked one after the other as the daemon does."""
    first = first_hour(deployed.world)
    production = draw(deployed.world, first + np.arange(hours), rng, change)
    pq.write_table(production, deployed.folder / "production.parquet", row_group_size=24 * deployed.world.rows)
    cursor, memory, awaited = None, None, list[Window]()
    for hour in range(hours):
        now = datetime.fromtimestamp(START + (first + hour + 1) * HOUR, UTC)
        late = tuple(LateWindow(window=each, version=deployed.version) for each in awaited)
        request = CheckRequest(
            model=deployed.model, version=deployed.version, cursor=cursor, now=now, unlabelled=late, memory=memory
        )
        outcome = check_next(request)
        if outcome.report is None:
            raise SystemExit(f"{deployed.world.name}: window {hour} was not there: {outcome.waiting}")
        yield outcome.report
        known = {each.window.first_row for each in outcome.report.late}
        awaited = [each for each in awaited if each.first_row not in known]
        awaited += [outcome.report.window] if outcome.report.performance is None else []
        cursor, memory = outcome.cursor, outcome.memory
