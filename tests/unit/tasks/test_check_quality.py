"""A check reads what it must know beside its window: the rows before it, how many are usual, the key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.settings.model import LabelSettings, Model
from duetmind_adaptive.tasks.check import check_latest, check_next
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = 96


def days(first: int, count: int, seed: int) -> pa.Table:
    generator, rows = np.random.default_rng(seed), count * ROWS
    moments = [START + timedelta(days=first) + at * timedelta(days=1) / ROWS for at in range(rows)]
    return pa.table(
        {
            "at": pa.array(moments, pa.timestamp("us", "UTC")),
            "id": np.arange(first * ROWS, first * ROWS + rows),
            "amount": generator.lognormal(4, 0.5, rows),
            "age": generator.integers(18, 80, rows),
        }
    )


SOUND, NEXT = days(20, 1, 1), days(21, 1, 2)


def a_model(folder: Path, window: dict[str, Any], production: pa.Table) -> Model:
    pq.write_table(days(0, 20, 0), folder / "reference.parquet")
    pq.write_table(production, folder / "production.parquet")
    facts: dict[str, Any] = {
        "name": "loans", "task": "binary", "target": None, "timestamp": "at", "features": None, "exclude": ("id",),
        "prediction": None, "score": None, "metric": "accuracy",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": window},
        "labels": {"path": str(folder / "labels.parquet"), "key": "id"}, "schedule": {"every": "1h"},
        "pipeline": None, "responses": (), "drift_threshold": 0.1, "opens_after": 1, "clears_after": 2,
        "max_retrains_per_day": 3, "job_timeout": timedelta(hours=1), "folder": folder / "models" / "loans",
    }  # fmt: skip
    return Model.model_validate(facts)


def codes_of_all_windows(model: Model) -> list[set[str]]:
    first = TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW)
    version = VersionRef(model="loans", version=1, folder=train_version(first).folder, artifact=None, sha256=None)
    found, cursor = list[set[str]](), None
    while (outcome := check_next(CheckRequest(model=model, version=version, cursor=cursor, now=NOW))).report:
        found.append({finding.code for finding in outcome.report.findings})
        cursor = outcome.cursor
    latest = check_latest(CheckRequest(model=model, version=version, cursor=None, now=NOW)).report
    assert latest is not None
    assert {finding.code for finding in latest.findings} == found[-1]
    return found


BATCHES = {
    "sound": (NEXT, set[str]()),
    "copied": (SOUND.set_column(0, "at", NEXT["at"]).set_column(1, "id", NEXT["id"]), {"duplicated_batch"}),
    "thin": (NEXT.take(pa.array(range(0, ROWS, 3))), {"volume_low"}),
    "keys": (NEXT.set_column(1, "id", pa.array([7] * ROWS)), {"keys_not_unique"}),
}


@pytest.mark.parametrize("batch", BATCHES)
def test_windows_by_time_are_judged_with_what_is_usual_and_what_came_before(tmp_path: Path, batch: str) -> None:
    table, codes = BATCHES[batch]
    model = a_model(tmp_path, {"every": "1d"}, pa.concat_tables([SOUND, table]))
    assert codes_of_all_windows(model) == [set(), codes]


def test_a_history_that_begins_in_the_evening_has_a_short_first_day(tmp_path: Path) -> None:
    model = a_model(tmp_path, {"every": "1d"}, pa.concat_tables([SOUND.slice(ROWS * 3 // 4), NEXT]))
    assert codes_of_all_windows(model) == [set(), set()]


def test_a_file_that_is_delivered_twice_is_a_copy_and_its_clock_stands(tmp_path: Path) -> None:
    model = a_model(tmp_path, {"rows": ROWS}, pa.concat_tables([SOUND, NEXT, NEXT]))
    assert codes_of_all_windows(model) == [set(), set(), {"duplicated_batch", "stale_partition"}]


def test_rows_in_no_order_of_time_are_not_called_stale(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(5 * ROWS)
    model = a_model(tmp_path, {"rows": ROWS}, days(20, 5, 1).take(pa.array(order)))
    assert codes_of_all_windows(model) == [set()] * 5


def test_labels_that_contradict_are_told_once_and_the_last_one_counts(tmp_path: Path) -> None:
    table = pa.concat_tables([SOUND, NEXT])
    keys = table["id"].to_pylist()
    said = [*((key, 0.0) for key in keys), (keys[0], 1.0), (keys[1], 0.0), (keys[ROWS], 1.0)]
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "labels.csv").write_text("id,truth\n" + "".join(f"{key},{value}\n" for key, value in said))
    plain = a_model(tmp_path, {"rows": ROWS}, table)
    labels = LabelSettings(path=str(tmp_path / "truth"), key="id")
    model = plain.model_copy(update={"target": "truth", "labels": labels})
    assert codes_of_all_windows(model) == [{"labels_contradict"}, {"labels_contradict"}]
