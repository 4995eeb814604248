"""Whatever a window's columns hold, its check goes through: odd values are handled, and the rest says why it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

ROWS, NOW = 400, datetime(2026, 6, 1, tzinfo=UTC)
#: columns of the reference that cannot be tested, each with the reason
NEVER = {
    "nest": "values of type list<element: int64> cannot be compared (in the reference)",
    "one": "one and the same value on both sides",
    "void": "every value is missing in the reference",
}
RANDOM = np.random.default_rng(5)
CENTS = [Decimal(int(cents)) / 100 for cents in RANDOM.integers(0, 9_999, ROWS)]
SECONDS = RANDOM.integers(10**9, 10**9 + 10**7, ROWS)


def rows(seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    cents = random.integers(0, 9_999, ROWS).tolist()
    return {
        "amount": np.where(random.random(ROWS) < 0.1, np.inf, random.normal(size=ROWS)),
        "count": random.integers(0, 9, ROWS),
        "price": pa.array([Decimal(each) / 100 for each in cents], pa.decimal128(12, 2)),
        "job": random.choice(list("abc"), ROWS),
        "seen": pa.array(random.integers(10**9, 10**9 + 10**7, ROWS), pa.timestamp("s")),
        "hour": pa.array(random.integers(0, 86_400, ROWS).astype(np.int32)).cast(pa.time32("s")),
        "took": pa.array(random.integers(0, 10**6, ROWS), pa.duration("ms")),
        "nest": [[1]] * ROWS,
        "void": pa.nulls(ROWS),
        "one": [1] * ROWS,
    }


def checked(folder: Path, changed: dict[str, Any]) -> CheckReport:
    pq.write_table(pa.table(rows(1)), folder / "reference.parquet")
    pq.write_table(pa.table(rows(2) | changed), folder / "production.parquet")
    facts: dict[str, Any] = {
        "name": "odd", "task": "binary", "target": None, "timestamp": None, "features": None, "exclude": (),
        "prediction": None, "score": None, "metric": "accuracy",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": ROWS}},
        "labels": {}, "schedule": {"every": "1h"}, "pipeline": None, "responses": (), "drift_threshold": 0.02,
        "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3, "job_timeout": timedelta(hours=1),
        "folder": folder / "models",
    }  # fmt: skip
    model = Model.model_validate(facts)
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(model="odd", version=1, folder=made.folder, artifact=None, sha256=None)
    report = check_next(CheckRequest(model=model, version=version, cursor=None, now=NOW)).report
    assert report is not None
    return report


def untested(report: CheckReport) -> dict[str, str]:
    return {column.name: column.untested for column in report.columns if column.untested is not None}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"price": pa.array(CENTS, pa.decimal256(60, 2))},
        {"price": [float(price) for price in CENTS]},
        {"count": RANDOM.integers(0, 9, ROWS).astype(np.float64)},
        {"count": RANDOM.integers(0, 9, ROWS).astype(np.uint64)},
        {"count": RANDOM.integers(0, 9, ROWS).astype(np.float16)},
        {"seen": pa.array(SECONDS * 1_000, pa.timestamp("ms", "Asia/Tokyo"))},
        {"seen": pa.array(SECONDS, pa.timestamp("s")).dictionary_encode()},
        {"job": pa.DictionaryArray.from_arrays(pa.array(RANDOM.integers(0, 3, ROWS), pa.int8()), ["c", "b", "a"])},
        {"job": pa.array(RANDOM.choice(list("abc"), ROWS)).cast(pa.string_view())},
        {"hour": pa.array(RANDOM.integers(0, 86_400 * 10**6, ROWS)).cast(pa.time64("us"))},
        {"took": pa.array(RANDOM.integers(0, 10**12, ROWS), pa.duration("ns"))},
    ],
)
def test_the_same_values_in_other_types_are_no_drift(tmp_path: Path, changed: dict[str, Any]) -> None:
    report = checked(tmp_path, changed)
    assert (report.kinds, report.findings) == ((), ())
    assert untested(report) == NEVER


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("amount", np.full(ROWS, np.inf), "no finite value in the current data"),
        ("amount", np.full(ROWS, np.nan), "every value is missing in the current data"),
        ("job", pa.nulls(ROWS), "every value is missing in the current data"),
        ("count", [{"a": 1}] * ROWS, "its type changed from int64 to struct<a: int64>"),
        ("count", [str(row % 9) for row in range(ROWS)], "its type changed from int64 to large_string"),
        ("seen", ["2001-09-09"] * ROWS, "its type changed from timestamp[us, tz=UTC] to large_string"),
    ],
)
def test_a_column_that_cannot_be_tested_is_told_with_its_reason_and_the_others_are_checked(
    tmp_path: Path, column: str, values: Any, reason: str
) -> None:
    report = checked(tmp_path, {column: values})
    assert untested(report) == NEVER | {column: reason}
    assert {finding.column for finding in report.breaking} == {column}
    assert report.drifted == ()


def test_seconds_where_the_reference_has_durations_in_other_units_are_named_as_that(tmp_path: Path) -> None:
    report = checked(tmp_path, {"took": RANDOM.integers(0, 10**6, ROWS)})
    assert {finding.code for finding in report.breaking} == {"unit_change"}
