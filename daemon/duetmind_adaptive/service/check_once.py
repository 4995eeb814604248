"""One look at a model's newest window, without a daemon and without writing anything down.

It uses the champion of the state folder if there is one. If there is none, the first version that the daemon
would make is made in a scratch folder, so that the answer is the daemon's.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from duetmind_adaptive.check_report import Anomaly, CheckReport, Forecast
from duetmind_adaptive.contracts import Executor
from duetmind_adaptive.errors import SourceError
from duetmind_adaptive.records import ColumnReport, VersionRef
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.service.documents import iso, unusual
from duetmind_adaptive.service.reports import window_data
from duetmind_adaptive.settings.model import Loaded, Model
from duetmind_adaptive.store import checks
from duetmind_adaptive.store.database import path_of
from duetmind_adaptive.store.peek import peek
from duetmind_adaptive.tasks.memory import lasting
from duetmind_adaptive.tasks.requests import CHECK_LATEST, TRAIN_VERSION, CheckRequest, TrainRequest, run_task

#: nobody waits longer in front of a terminal
PATIENCE = timedelta(hours=1)


async def check_once(loaded: Loaded, name: str, *, executor: Executor, scratch: Path, now: datetime) -> dict[str, Any]:
    """The document of `duetmind check --json`.

    Raises
    ------
    DuetMindError
        When the data cannot be read, holds no complete window, or no first version can be made.
    """
    model = loaded.models[name]
    version, memory = _served(loaded, model)
    version = version or await _first_version(model, executor, scratch, now)
    request = CheckRequest(model=model, version=version, cursor=None, now=now, memory=lasting(memory))
    outcome = await executor.run(run_task, CHECK_LATEST, request, timeout=PATIENCE)
    if outcome.report is None:
        raise SourceError(f"model {name}: there is no complete window to check yet: {outcome.waiting}")
    return document(model, outcome.report)


def _served(loaded: Loaded, model: Model) -> tuple[VersionRef | None, str | None]:
    """The champion of the state folder, and what its checks remember."""
    path = path_of(loaded.store_url)
    if path is None or not path.exists():
        return None, None

    def query(conn: Connection) -> tuple[VersionRef | None, str | None]:
        row = versions.champion(conn, model.name)
        return (versions.version_ref(row, model.folder), checks.memory(conn, model.name)) if row else (None, None)

    return peek(path, query)


async def _first_version(model: Model, executor: Executor, scratch: Path, now: datetime) -> VersionRef:
    there = model.model_copy(update={"folder": scratch})
    request = TrainRequest(model=there, job="check", attempt=1, champion=None, upto_row=0, now=now)
    report = await executor.run(run_task, TRAIN_VERSION, request, timeout=PATIENCE)
    return VersionRef(
        model=model.name,
        version=1,
        folder=report.folder,
        artifact=report.folder / ARTIFACT if report.sha256 else None,
        sha256=report.sha256 or None,
        baseline=report.baseline,
    )


def document(model: Model, report: CheckReport) -> dict[str, Any]:
    """A check for people and programs: the shape of `duetmind compare --json`, and what a model adds to it."""
    performance = report.performance
    return {
        "model": model.name,
        "version": report.version,
        "window": window_data(report.window).model_dump(mode="json"),
        "drift": report.drift,
        "severity": report.severity,
        "kinds": list(report.kinds),
        "metric_name": model.metric if model.target else None,
        "metric": performance.reading.value if performance else None,
        "metric_low": performance.reading.low if performance else None,
        "metric_high": performance.reading.high if performance else None,
        "metric_reference": performance.reference.value if performance and performance.reference else None,
        "columns": {column.name: _column(column) for column in report.columns},
        "schema": {
            "missing_columns": list(report.missing_columns),
            "new_columns": list(report.new_columns),
            "type_changes": {name: list(change) for name, change in report.type_changes.items()},
        },
        "findings": [
            {"code": f.code, "column": f.column, "message": f.message, "count": f.count} for f in report.findings
        ],
        "predicted": [_plain(each) for each in report.predicted],
        "anomalies": [_plain(each) for each in report.anomalies],
        "odd_rows": asdict(report.odd_rows) if report.odd_rows else None,
        "unusual": unusual(asdict(report.odd_rows) if report.odd_rows else None, map(_plain, report.anomalies)),
        "seconds": report.seconds,
    }


def _plain(told: Forecast | Anomaly) -> dict[str, Any]:
    return {key: iso(value) if isinstance(value, datetime) else value for key, value in asdict(told).items()}


def _column(column: ColumnReport) -> dict[str, Any]:
    tests = {
        name: {
            key: value
            for key, value in (
                ("statistic", test.statistic),
                ("p_value", test.p_value),
                ("p_adjusted", test.p_adjusted),
            )
            if value is not None
        }
        for name, test in column.tests.items()
    }
    return {
        "kind": column.kind,
        "drift": column.drift,
        "effect": column.effect,
        "summary": column.words or column.untested or "",
        "tests": tests,
        "quality": {
            "missing_reference": column.missing_reference,
            "missing_current": column.missing_current,
            "unseen_categories": list(column.unseen_categories),
        },
        "untested": column.untested,
    }
