"""The truth: joined by key or in the data, and known only once its delay is over."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from source_files import T0, append, csv_text, hours, model_over, rows, timed, write_parquet

from duetmind_adaptive.errors import ColumnMissingError, SourceMissingError
from duetmind_adaptive.records import Window
from duetmind_adaptive.settings.model import LabelSettings
from duetmind_adaptive.sources.labels import contradicted, labels_due, read_once, with_labels

DAY = timedelta(days=1)
TRUTH = [1, 0, 1, 0]


def truth(table, model, now=T0, window_end=None):
    return with_labels(table, model, now=now, window_end=window_end)["y"].to_pylist()


def elsewhere(path, **given):
    return LabelSettings(path=str(path), key="id", **given)


def test_without_delay_the_target_column_is_the_truth():
    table = rows(0, 4, y=TRUTH)
    assert truth(table, model_over("a.csv", target="y")) == TRUTH


def test_without_a_target_nothing_is_added():
    table = rows(0, 4)
    assert with_labels(table, model_over("a.csv"), now=T0, window_end=None) is table


def test_a_target_that_is_not_in_the_data_is_not_known():
    assert truth(rows(0, 2), model_over("a.csv", target="y")) == [None, None]


def test_a_label_is_known_its_delay_after_the_row_s_timestamp():
    table = timed([*hours(0, 1, 2), None]).append_column("y", [TRUTH])
    model = model_over("a.csv", target="y", timestamp="t", labels=LabelSettings(delay=DAY))
    assert truth(table, model, now=T0 + DAY + timedelta(hours=1)) == [1, 0, None, None]
    assert truth(table, model, now=T0) == [None] * 4


@pytest.mark.parametrize(("end", "known"), [(T0, True), (T0 + timedelta(microseconds=1), False), (None, True)])
def test_without_timestamps_the_window_s_end_stands_for_its_rows(end, known):
    model = model_over("a.csv", target="y", labels=LabelSettings(delay=DAY))
    assert truth(rows(0, 4, y=TRUTH), model, now=T0 + DAY, window_end=end) == (TRUTH if known else [None] * 4)


def test_labels_of_a_growing_file_are_joined_by_key_and_the_last_written_counts(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id,y\n2,1\n0,0\n0,1\n9,1\n,1\n3,\n1,")
    model = model_over("a.csv", target="y", labels=elsewhere(path))
    assert truth(rows(0, 4), model) == [1, None, 1, None]
    append(path, "0\n")
    assert truth(rows(0, 4, y=[7, 7, 7, 7]), model) == [1, 0, 1, None]


def test_keys_meet_across_number_and_text_and_labels_across_files(tmp_path):
    write_parquet(tmp_path / "1.parquet", pa.table({"id": ["0", "1"], "y": [1.0, 0.0], "who": ["a", "b"]}))
    write_parquet(tmp_path / "2.parquet", pa.table({"y": [1.0], "id": ["x"]}))
    model = model_over("a.csv", target="y", labels=elsewhere(tmp_path))
    for kind in (pa.int32(), pa.float64()):
        table = rows(0, 3).set_column(0, "id", pa.array([0, None, 1], kind))
        assert truth(table, model) == [1.0, None, 0.0]


def test_keys_written_with_leading_zeros_meet_keys_of_either_kind(tmp_path):
    (tmp_path / "labels.csv").write_text("id,y\n007,1\n008,0\n")
    model = model_over("a.csv", target="y", labels=elsewhere(tmp_path / "labels.csv"))
    for keys in (["007", "7"], [7, 9]):
        assert truth(pa.table({"id": keys}), model) == [1, None]


def test_the_delay_holds_for_joined_labels_too(tmp_path):
    (tmp_path / "labels.csv").write_text(csv_text(pa.table({"id": [0, 1], "y": [1, 1]})))
    model = model_over("a.csv", target="y", timestamp="t", labels=elsewhere(tmp_path, delay=DAY))
    assert truth(timed(hours(0, 5)), model, now=T0 + DAY) == [1, None]


def test_a_folder_of_labels_may_still_be_empty_but_must_be_there(tmp_path):
    assert truth(rows(0, 2), model_over("a.csv", target="y", labels=elsewhere(tmp_path))) == [None, None]
    with pytest.raises(SourceMissingError, match="no such file"):
        truth(rows(0, 2), model_over("a.csv", target="y", labels=elsewhere(tmp_path / "gone")))


def test_a_missing_key_or_target_is_named(tmp_path):
    (tmp_path / "labels.csv").write_text("key,y\n1,1\n")
    with pytest.raises(ColumnMissingError, match=r"labels\.csv: has no column 'id'"):
        truth(rows(0, 2), model_over("a.csv", target="y", labels=elsewhere(tmp_path)))
    with pytest.raises(ColumnMissingError, match="the data has no column 'id'"):
        truth(rows(0, 2).drop_columns("id"), model_over("a.csv", target="y", labels=elsewhere(tmp_path)))


def test_labels_are_due_when_the_delay_after_the_window_is_over():
    model = model_over("a.csv", target="y", labels=LabelSettings(delay=DAY))
    window = Window(first_row=0, last_row=4, start=T0 - DAY, end=T0)
    bare = Window(first_row=0, last_row=4)
    just_before = T0 + DAY - timedelta(microseconds=1)
    assert labels_due(window, model, now=T0 + DAY)
    assert not labels_due(window, model, now=just_before)
    assert not labels_due(bare, model, now=just_before, seen=T0)
    assert labels_due(bare, model, now=T0)
    assert labels_due(window, model_over("a.csv", target="y"), now=T0 - DAY)


def test_keys_whose_labels_contradict_are_named_with_what_they_say_and_repeated_ones_are_not(tmp_path):
    (tmp_path / "a.csv").write_text("id,y\n0,1\n1,0\n2,1\n9,0\n")
    (tmp_path / "b.csv").write_text("id,y\n0,0\n1,0\n2,0\n2,1\n9,1\n3,\n")
    model = model_over("a.csv", target="y", labels=elsewhere(tmp_path))
    assert contradicted(rows(0, 4), model) == {"0": ("1", "0"), "2": ("1", "0")}
    assert truth(rows(0, 4), model) == [0, 0, 1, None], "the last one written counts"


def test_keys_that_are_text_on_one_side_and_numbers_on_the_other_contradict_as_well(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id,y\n7,yes\n7,no\n")
    table = pa.table({"id": ["7", "8", None]})
    assert contradicted(table, model_over("a.csv", target="y", labels=elsewhere(path))) == {"7": ("yes", "no")}


def test_labels_in_the_data_itself_cannot_contradict():
    assert contradicted(rows(0, 4, y=TRUTH), model_over("a.csv", target="y")) == {}


def test_what_is_looked_up_together_knows_one_truth_and_the_next_look_knows_what_was_written_since(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id,y\n0,1\n")
    model = model_over("a.csv", target="y", labels=elsewhere(path))
    with read_once():
        assert truth(rows(0, 2), model) == [1, None]
        append(path, "1,0\n")
        assert truth(rows(0, 2), model) == [1, None]
    assert truth(rows(0, 2), model) == [1, 0]
