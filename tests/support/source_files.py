"""Models over files, and rows whose `id` is their number, so that their order shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.settings.model import (
    LabelSettings,
    Model,
    ProductionSettings,
    ReferenceSettings,
)
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.sources.cursor import Cursor
from duetmind_adaptive.sources.production import Nothing, ProductionSource, WindowRead

NOW = datetime(2026, 1, 1, tzinfo=UTC)
T0 = datetime(2025, 1, 1, tzinfo=UTC)


def rows(first: int, last: int, **columns: Iterable[Any]) -> pa.Table:
    """Rows `[first, last)`: id, a feature, and more columns."""
    ids = list(range(first, last))
    return pa.table({"id": ids, "x": [row * 0.5 for row in ids], **{name: list(of) for name, of in columns.items()}})


def timed(moments: Iterable[datetime | None], first: int = 0) -> pa.Table:
    """Rows at `moments`."""
    stamps = list(moments)
    return rows(first, first + len(stamps)).append_column("t", pa.array(stamps, pa.timestamp("us", tz="UTC")))


def hours(*numbers: float) -> list[datetime]:
    """Moments so many hours after T0."""
    return [T0 + timedelta(hours=number) for number in numbers]


def write_parquet(path: Path, table: pa.Table, **options: Any) -> Path:
    """Write as a careful writer does: under another name, then renamed."""
    pq.write_table(table, path.with_name(path.name + ".tmp"), **options)
    return path.with_name(path.name + ".tmp").rename(path)


def csv_text(table: pa.Table, *, header: bool = True, delimiter: str = ",") -> str:
    """The rows as CSV lines."""
    lines = [delimiter.join(table.column_names)] if header else []
    lines += [
        delimiter.join("" if value is None else str(value) for value in row.values()) for row in table.to_pylist()
    ]
    return "".join(f"{line}\n" for line in lines)


def append(path: Path, text: str) -> None:
    """Write at the end of a file."""
    with path.open("a", newline="") as file:
        file.write(text)


def model_over(path: Path | str, *, labels: LabelSettings | None = None, reference: Any = None, **given: Any) -> Model:
    """A model whose production (and reference, unless given) is `path`; `given` are keys of either section."""
    of_model = {name: given.pop(name) for name in tuple(given) if name in Model.model_fields}
    production = ProductionSettings.model_validate({"path": str(path), **given})
    wanted: dict[str, Any] = {
        "name": "loans",
        "task": "binary",
        "target": None,
        "timestamp": None,
        "features": None,
        "exclude": (),
        "prediction": None,
        "score": None,
        "metric": "accuracy",
        "reference": ReferenceSettings.model_validate({"path": str(path), **(reference or {})}),
        "production": production,
        "labels": labels or LabelSettings(),
        "schedule": ScheduleSettings(every=timedelta(hours=1)),
        "pipeline": None,
        "responses": (),
        "drift_threshold": 0.1,
        "opens_after": 1,
        "clears_after": 2,
        "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1),
        "folder": Path("/nowhere/models/loans"),
    }
    return Model(**{**wanted, **of_model})


def drain(model: Model, cursor: Cursor | None = None, now: datetime = NOW) -> tuple[list[WindowRead], Nothing]:
    """Every complete window after `cursor`; each cursor goes through JSON and each window has a source of its own."""
    cursor, read = cursor or Cursor.start(), list[WindowRead]()
    while True:
        found = ProductionSource(model).next_window(Cursor.from_json(cursor.to_json()), now=now)
        if isinstance(found, Nothing):
            return read, found
        read.append(found)
        cursor = found.cursor


def ids(windows: Iterable[WindowRead]) -> list[int]:
    """The numbers of all rows of the windows."""
    return [row for window in windows for row in window.table["id"].to_pylist()]
