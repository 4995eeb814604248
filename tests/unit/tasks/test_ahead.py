"""Whole checks that look ahead: a slow drift is foretold before it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.service.insights import insights
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.check import check_latest, check_next
from duetmind_adaptive.tasks.memory import lasting
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

NOW = datetime(2040, 1, 1, tzinfo=UTC)
ROWS, REFERENCE = 4_000, 10
THRESHOLD = 0.1


def model_of(table: pa.Table, folder: Path) -> tuple[Model, VersionRef]:
    """A model that is deployed elsewhere, hourly windows, with its first version."""
    pq.write_table(table.slice(0, REFERENCE * ROWS), folder / "reference.parquet")
    pq.write_table(table.slice(REFERENCE * ROWS), folder / "production.parquet")
    facts: dict[str, Any] = {
        "name": "loans", "task": "binary", "target": "y", "timestamp": "t", "features": None, "exclude": (),
        "prediction": "p", "score": None, "metric": "accuracy",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": ROWS}},
        "labels": {}, "schedule": {"every": "1h"}, "pipeline": None, "drift_threshold": THRESHOLD, "opens_after": 1,
        "clears_after": 2, "max_retrains_per_day": 3, "job_timeout": timedelta(hours=1), "folder": folder / "models",
        "responses": (),
    }  # fmt: skip
    model = Model.model_validate(facts)
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(
        model="loans", version=1, folder=made.folder, artifact=None, sha256=None, baseline=made.baseline
    )
    return model, version


def walk(model: Model, version: VersionRef) -> Iterator[tuple[CheckReport, str | None]]:
    """The report of each window, and what its check left."""
    cursor, memory = None, None
    while True:
        outcome = check_next(CheckRequest(model=model, version=version, cursor=cursor, now=NOW, memory=memory))
        if outcome.report is None:
            return
        cursor, memory = outcome.cursor, outcome.memory
        yield outcome.report, memory


def slowly(windows: int, shift: float, wrong: float, seed: int = 1) -> pa.Table:
    """From the reference's end on `b` moves by `shift` a window, and the answers `p` are wrong ever more often."""
    generator = np.random.default_rng(seed)
    n = (REFERENCE + windows) * ROWS
    values = generator.normal(size=(n, 3))
    after = np.maximum(np.arange(n) // ROWS - REFERENCE, 0)
    label = (values[:, 0] > 0).astype(np.int64)
    missed = generator.random(n) < 0.05 + wrong * after
    values[:, 1] += shift * after
    moments = np.datetime64("2026-01-01T00:00", "us") + np.arange(n) * np.timedelta64(3_600_000_000 // ROWS, "us")
    columns = {name: values[:, at] for at, name in enumerate("abc")}
    return pa.table({"t": moments, **columns, "y": label, "p": np.where(missed, 1 - label, label)})


def test_a_slow_drift_and_a_slow_fall_are_foretold_before_they_come(tmp_path: Path) -> None:
    model, version = model_of(slowly(70, shift=0.005, wrong=0.0007), tmp_path)
    walked = list(walk(model, version))
    reports = [report for report, _ in walked]
    drifts = [bool(report.drifted) for report in reports]
    for subject in ("column:b", "accuracy"):
        at, forecast = next(
            (at, each) for at, report in enumerate(reports) for each in report.predicted if each.subject == subject
        )
        measured = [report.performance.reading.value if report.performance else 1.0 for report in reports]
        came = drifts if subject == "column:b" else [value < forecast.threshold for value in measured]
        assert not any(came[: at + 1]), subject
        lasting_from = max(place for place, held in enumerate(came) if not held) + 1
        assert forecast.low is not None
        assert forecast.low <= lasting_from - at, subject
        assert forecast.high is None or forecast.high >= came.index(True) - at, subject
    assert {each.subject for report in reports for each in report.predicted} == {"column:b", "accuracy"}
    first = next(report for report in reports if report.predicted)
    assert insights(first).predicted[0].sentence.startswith("At this rate the ")


def test_a_look_without_the_daemon_foretells_what_its_history_shows(tmp_path: Path) -> None:
    model, version = model_of(slowly(46, shift=0.005, wrong=0.0), tmp_path)
    *_, (last, memory) = walk(model, version)
    request = CheckRequest(model=model, version=version, cursor=None, now=NOW, memory=lasting(memory))
    report = check_latest(request).report
    assert report is not None
    assert last.predicted
    assert [each.sentence for each in report.predicted] == [each.sentence for each in last.predicted]


def test_a_handful_of_absurd_rows_is_named_in_the_report_and_its_event(tmp_path: Path) -> None:
    table = slowly(2, shift=0.0, wrong=0.0)
    values, at = table["c"].to_numpy().copy(), (REFERENCE + 1) * ROWS + np.array([3, 777, 1_500])
    values[at] = (1e6, -400.0, 99.0)
    model, version = model_of(table.set_column(table.column_names.index("c"), "c", pa.array(values)), tmp_path)
    sound, odd = (report for report, _ in walk(model, version))
    assert sound.odd_rows is not None
    assert (sound.odd_rows.count, sound.anomalies) == (0, ())
    assert odd.odd_rows is not None
    assert odd.odd_rows.count == 3
    assert {each.subject for each in odd.anomalies} == {f"row {ROWS + place}" for place in (3, 777, 1_500)}
    assert all("c is " in each.reason for each in odd.anomalies)
    told = insights(odd)
    assert told.odd_rows == 3
    assert len(told.anomalies) == 3
    assert not odd.drift
