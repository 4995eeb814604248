"""Rows of a database, or of a source of one's own, are windows, references and cursors as rows of files are."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from plugged import install

from duetmind_adaptive.errors import ConfigError, SourceError, SourceTruncatedError
from duetmind_adaptive.plugins import SOURCES
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.cursor import Cursor
from duetmind_adaptive.sources.production import Nothing, ProductionSource, WindowRead
from duetmind_adaptive.sources.reference import read_reference
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(first: int, count: int, shift: float = 0.0) -> pd.DataFrame:
    """A row each hour; the key is the row's number."""
    rng = np.random.default_rng(first)
    at = [(START + timedelta(hours=first + hour)).isoformat() for hour in range(count)]
    x = rng.normal(shift, 1, count)
    return pd.DataFrame(
        {"id": range(first, first + count), "at": at, "x": x, "y": (x + rng.normal(0, 1, count) > 0) * 1}
    )


def store(path: Path, frame: pd.DataFrame) -> None:
    with sqlite3.connect(path) as database:
        frame.to_sql("loans", database, if_exists="append", index=False)


def a_model(folder: Path, window: dict[str, Any], **source: Any) -> Model:
    given = source or {"type": "sql", "url": f"sqlite:///{folder / 'loans.db'}", "table": "loans", "key": "id"}
    facts: dict[str, Any] = {
        "name": "loans", "task": "binary", "target": "y", "timestamp": "at", "features": ("x",), "exclude": ("id",),
        "prediction": None, "score": None, "metric": "accuracy", "reference": {"source": given, "rows": [0, 600]},
        "production": {"source": given, "rows": [600, None], "window": window}, "labels": {}, "responses": (),
        "schedule": {"every": "1h"}, "pipeline": {"model": {"algorithm": "logistic_regression"}},
        "drift_threshold": 0.02, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models",
    }  # fmt: skip
    return Model.model_validate(facts)


def windows(source: ProductionSource, cursor: Cursor) -> tuple[list[WindowRead], Cursor]:
    found: list[WindowRead] = []
    while not isinstance(read := source.next_window(cursor, now=NOW), Nothing):
        found.append(read)
        cursor = read.cursor
    return found, read.cursor


@pytest.mark.parametrize("window", [{"rows": 100}, {"every": "1d"}])
def test_rows_of_a_growing_table_are_read_once_and_in_order(tmp_path: Path, window: dict[str, Any]) -> None:
    store(tmp_path / "loans.db", rows(0, 850))
    model = a_model(tmp_path, window)
    assert read_reference(model).column("id").to_pylist() == list(range(600))
    found, cursor = windows(ProductionSource(model), Cursor.start())
    store(tmp_path / "loans.db", rows(850, 350))
    later, _ = windows(ProductionSource(model), Cursor.from_json(cursor.to_json()))
    ids = [number for read in (*found, *later) for number in read.table.column("id").to_pylist()]
    assert ids == list(range(600, 600 + len(ids)))
    assert len(ids) > 550
    starts = [(read.window.first_row, ids.index(read.table["id"][0].as_py())) for read in (*found, *later)]
    assert all(first == place for first, place in starts)
    assert later[0].window.start is not None


def test_a_check_of_a_table_trains_finds_drift_and_measures(tmp_path: Path) -> None:
    store(tmp_path / "loans.db", pd.concat([rows(0, 900), rows(900, 300, shift=1.5)]))
    model = a_model(tmp_path, {"rows": 300})
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(
        model="loans", version=1, folder=made.folder, artifact=made.folder / "model.duet", sha256=made.sha256,
        baseline=made.baseline,
    )  # fmt: skip
    first = check_next(CheckRequest(model=model, version=version, cursor=None, now=NOW))
    second = check_next(CheckRequest(model=model, version=version, cursor=first.cursor, memory=first.memory, now=NOW))
    assert first.report is not None
    assert second.report is not None
    assert [first.report.drift, second.report.drift] == [False, True]
    assert second.report.performance is not None


def test_rows_that_were_rewritten_behind_the_cursor_are_noticed(tmp_path: Path) -> None:
    store(tmp_path / "loans.db", rows(0, 800))
    model = a_model(tmp_path, {"rows": 100})
    _, cursor = windows(ProductionSource(model), Cursor.start())
    with sqlite3.connect(tmp_path / "loans.db") as database:
        database.execute("UPDATE loans SET x = 99 WHERE id = 799")
    store(tmp_path / "loans.db", rows(800, 100))
    with pytest.raises(SourceTruncatedError, match=r"^source sql: was rewritten"):
        ProductionSource(model).next_window(cursor, now=NOW)
    with sqlite3.connect(tmp_path / "loans.db") as database:
        database.execute("DELETE FROM loans WHERE id > 700")
    with pytest.raises(SourceTruncatedError, match=r"^source sql: has 701 rows, but 800 were already read"):
        ProductionSource(model).next_window(cursor, now=NOW)


OWN = """
import pandas as pd

class Counting:
    def __init__(self, token=None, fault=""):
        self.token, self.fault = token, fault
    def rows(self):
        if self.fault == "rows":
            raise ConnectionError(f"refused with {self.token.get_secret_value()}")
        return "many" if self.fault == "count" else 40
    def read(self, first, last):
        if self.fault == "read":
            last -= 1
        return 7 if self.fault == "frame" else pd.DataFrame({"n": range(first, last)})
"""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"fault": "rows", "token": {"env": "TOKEN"}},
            r"source counting: failed: Connect.* with \*\*\*$",
        ),
        ({"fault": "count"}, "source counting: says that it has 'many' rows; `rows` must give a count"),
        ({"fault": "read"}, "source counting: gave 0 rows where 1 were asked for"),
        ({"fault": "frame"}, "source counting: failed: TypeError"),
        ({"token": {"env": "UNSET"}}, "source counting: token: the environment variable UNSET is not set"),
        ({"tokn": 1}, "source 'counting' cannot be made with its options: TypeError"),
    ],
)
def test_a_source_that_fails_is_one_sentence_without_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], says: str
) -> None:
    install(tmp_path / "site", "own-source", {SOURCES: {"counting": "own_source:Counting"}}, own_source=OWN)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("TOKEN", "canary-of-a-token")
    source = {"type": "counting", **options}
    model = a_model(tmp_path, {"rows": 10}, **source).model_copy(update={"timestamp": None})
    production = model.production.model_copy(update={"rows": None})
    with pytest.raises(SourceError, match=f"^{says}"):
        ProductionSource(model.model_copy(update={"production": production})).next_window(Cursor.start(), now=NOW)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"table": "lones"}, "source sql: the database has no table 'lones'"),
        ({"key": "serial"}, "source sql: table 'loans' has no column 'serial'; its columns are id, at, x, y"),
        ({"url": "nosql://x"}, "source sql: Can't load plugin"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_sentence(tmp_path: Path, options: dict[str, str], says: str) -> None:
    store(tmp_path / "loans.db", rows(0, 10))
    given = {"type": "sql", "url": f"sqlite:///{tmp_path / 'loans.db'}", "table": "loans", "key": "id", **options}
    with pytest.raises(SourceError, match=f"^{says}"):
        read_reference(a_model(tmp_path, {"rows": 10}, **given))


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("{source: {type: sqll}}", "reference.source.type: found 'sqll'.*did you mean sql"),
        ("{path: a.csv, source: {type: sql}}", "reference.source: give path or source, not both"),
        ("{source: {type: sql, url: 'postgresql://me:pw@host/db'}}", "reference.source.url: holds the secret itself"),
        ("{source: {type: sql, password: x}}", "reference.source.password: holds the secret itself"),
        ("{}", "reference.path: missing"),
    ],
)
def test_a_config_with_a_wrong_source_is_refused(tmp_path: Path, reference: str, says: str) -> None:
    path = tmp_path / "duetmind.yaml"
    path.write_text(f"models: {{m: {{task: binary, reference: {reference}, production: {{path: b.csv}}}}}}\n")
    with pytest.raises(ConfigError, match=says) as refused:
        load_config(path, {})
    assert "me:pw" not in "".join(refused.value.problems)


def test_a_secret_file_is_found_from_the_config_file_s_folder(tmp_path: Path) -> None:
    path = tmp_path / "duetmind.yaml"
    source = "{type: sql, url: {file: loans.url}, table: loans, key: id}"
    path.write_text(f"models: {{m: {{task: binary, reference: {{source: {source}}}, production: {{path: b.csv}}}}}}\n")
    store(tmp_path / "loans.db", rows(0, 10))
    (tmp_path / "loans.url").write_text(f"sqlite:///{tmp_path / 'loans.db'}\n")
    assert read_reference(load_config(path, {}).models["m"]).num_rows == 10
