"""The reference period and the columns a model learns from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from source_files import csv_text, drain, hours, ids, model_over, rows, timed, write_parquet

from duetmind_adaptive.errors import ColumnMissingError, SourceError, SourceIncompleteError, SourceMissingError
from duetmind_adaptive.settings.model import LabelSettings
from duetmind_adaptive.sources.columns import feature_columns
from duetmind_adaptive.sources.reference import read_reference, reference_types

BANK = Path(__file__).parents[4] / "shared" / "data" / "bank_marketing.parquet"


def test_the_same_file_is_reference_and_production(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 50), row_group_size=7)
    model = model_over(path, reference={"rows": [5, 20]}, rows=[20, None], window={"rows": 10})
    assert read_reference(model)["id"].to_pylist() == list(range(5, 20))
    assert ids(drain(model)[0]) == list(range(20, 50))


def test_from_and_to_choose_the_period(tmp_path):
    write_parquet(tmp_path / "a.parquet", timed(hours(0, 1, 2)))
    (tmp_path / "b.csv").write_text(csv_text(timed(hours(3, 4, 5), first=3)))
    period = {"from": hours(1)[0], "to": hours(4)[0]}
    model = model_over(tmp_path, timestamp="t", reference=period)
    assert read_reference(model)["id"].to_pylist() == [1, 2, 3]


def test_the_last_line_of_a_csv_reference_needs_no_newline(tmp_path):
    (tmp_path / "a.csv").write_text("id,x\n0,1\n1,2")
    assert read_reference(model_over(tmp_path / "a.csv")).num_rows == 2


def test_a_reference_with_fewer_rows_than_stated_is_refused_because_it_would_grow(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 10))
    with pytest.raises(SourceError, match="has 10 rows, but the reference asks for rows 0 to 11"):
        read_reference(model_over(path, reference={"rows": [0, 11]}))
    assert read_reference(model_over(path, reference={"rows": [0, 10]})).num_rows == 10
    with pytest.raises(SourceMissingError, match="no row is in the reference period"):
        read_reference(model_over(path, reference={"rows": [10, None]}))


def test_a_reference_without_target_or_feature_says_what_is_there(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 10))
    for given in ({"target": "y"}, {"features": ("x", "y")}, {"columns": {"y": {"kind": "text"}}}):
        with pytest.raises(ColumnMissingError, match=r"no column 'y'.*its columns are id, x"):
            read_reference(model_over(path, **given))


def test_the_target_of_the_reference_is_joined_where_labels_live_elsewhere(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 3))
    (tmp_path / "labels.csv").write_text("id,y\n0,1\n2,0\n")
    labels = LabelSettings(path=str(tmp_path / "labels.csv"), key="id")
    assert read_reference(model_over(path, target="y", labels=labels))["y"].to_pylist() == [1, None, 0]


def test_a_reference_that_is_being_written_is_an_error(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceIncompleteError):
        read_reference(model_over(tmp_path))


def test_every_table_has_plain_types(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["a"]).dictionary_encode(),
            "money": pa.array([Decimal("1.50")]),
            "half": pa.array([1.5], pa.float16()),
            "clock": pa.array([3600], pa.time32("s")),
            "took": pa.array([3600], pa.duration("ns")),
            "when": pa.array([0], pa.timestamp("ns")),
            "local": pa.array([0], pa.timestamp("ms", "Europe/Paris")),
        }
    )
    types = reference_types(model_over(write_parquet(tmp_path / "a.parquet", table)))
    moment = pa.timestamp("us", "UTC")
    seconds = [pa.time64("us"), pa.duration("us")]
    wanted = [pa.large_string(), pa.float64(), pa.float64(), *seconds, moment, moment]
    assert list(types.values()) == wanted
    assert [field.type for field in read_reference(model_over(tmp_path)).schema] == wanted


def test_types_of_an_unreadable_reference_are_not_known(tmp_path):
    assert reference_types(model_over(tmp_path / "gone.csv")) == {}


def test_features_are_every_column_without_a_role():
    schema = pa.schema([(name, pa.int64()) for name in ("t", "a", "b", "site", "y", "p", "s", "id")])
    roles = {"target": "y", "timestamp": "t", "prediction": "p", "score": "s", "exclude": ("site",)}
    labels = LabelSettings(path="labels", key="id")
    assert feature_columns(schema, model_over("a.csv", labels=labels, **roles)) == ("a", "b")
    assert feature_columns(schema, model_over("a.csv", features=("b", "lost", "a"))) == ("b", "a")


def test_a_real_stream_is_cut_into_windows_that_add_up_to_it(tmp_path):
    """Bank marketing where it is at hand, else rows of the same shape."""
    if BANK.exists():
        path, count, reference = BANK, 41_188, 24_064
    else:
        path, count, reference = (
            write_parquet(tmp_path / "a.parquet", timed(hours(*(row / 2 for row in range(12_000))))),
            12_000,
            2_000,
        )
    stamp = "timestamp" if BANK.exists() else "t"
    given = {"reference": {"rows": [0, reference]}, "rows": [reference, None], "timestamp": stamp}
    assert read_reference(model_over(path, **given)).num_rows == reference
    by_rows, left = drain(model_over(path, **given, window={"rows": 4000}))
    by_time, _ = drain(model_over(path, **given, window={"every": "30d"}))
    assert sum(window.table.num_rows for window in by_rows) + left.rows_waiting == count - reference
    assert sum(window.table.num_rows for window in by_time) == count - reference
    assert pa.concat_tables([window.table for window in by_rows]).equals(
        pa.concat_tables([window.table for window in by_time]).slice(0, len(by_rows) * 4000)
    )
