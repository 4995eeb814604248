"""Windows by rows: each row once, in order, from one file, many, and files that grow."""

from __future__ import annotations

import pyarrow as pa
import pytest
from source_files import NOW, append, csv_text, drain, hours, ids, model_over, rows, timed, write_parquet

from duetmind_adaptive.errors import ConfigError, SourceMissingError
from duetmind_adaptive.sources.cursor import REMEMBERED, Cursor
from duetmind_adaptive.sources.cutter import SELECTION_NOT_BEGUN, SELECTION_OVER, TOO_FEW_ROWS
from duetmind_adaptive.sources.production import Nothing, ProductionSource, WindowRead

TENS = {"window": {"rows": 10}}


def test_windows_of_one_parquet_file_hold_every_row_once_and_the_rest_waits(tmp_path):
    model = model_over(write_parquet(tmp_path / "a.parquet", rows(0, 35)), **TENS)
    windows, waiting = drain(model)
    assert [(w.window.first_row, w.window.last_row) for w in windows] == [(0, 10), (10, 20), (20, 30)]
    assert ids(windows) == list(range(30))
    assert (waiting.reason, waiting.rows_waiting, waiting.cursor.next_row) == (TOO_FEW_ROWS, 5, 30)


def test_a_window_spans_files_of_both_formats_in_the_order_of_their_names(tmp_path):
    write_parquet(tmp_path / "2.parquet", rows(7, 14), row_group_size=3)
    (tmp_path / "1.csv").write_text(csv_text(rows(0, 7)))
    (tmp_path / "3.csv").write_text(csv_text(rows(14, 25)))
    windows, waiting = drain(model_over(tmp_path, **TENS))
    assert ids(windows) == list(range(20))
    assert waiting.rows_waiting == 5


def test_the_rows_setting_says_which_rows_count_and_row_numbers_start_there(tmp_path):
    write_parquet(tmp_path / "a.parquet", rows(0, 12))
    write_parquet(tmp_path / "b.parquet", rows(12, 40))
    windows, waiting = drain(model_over(tmp_path, rows=[15, 36], **TENS))
    assert [(w.window.first_row, w.window.last_row) for w in windows] == [(0, 10), (10, 20)]
    assert ids(windows) == list(range(15, 35))
    assert (waiting.reason, waiting.rows_waiting) == (SELECTION_OVER, 1)


def test_production_that_has_not_begun_is_waited_for(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows(0, 12)))
    model = model_over(path, rows=[15, None], **TENS)
    _, waiting = drain(model)
    assert (waiting.reason, waiting.rows_waiting) == (SELECTION_NOT_BEGUN, 0)
    append(path, csv_text(rows(12, 26), header=False))
    windows, _ = drain(model, waiting.cursor)
    assert ids(windows) == list(range(15, 25))


def test_from_and_to_choose_rows_by_timestamp(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", timed(hours(*range(50))))
    model = model_over(path, timestamp="t", window={"rows": 5}, **{"from": hours(10)[0], "to": hours(22)[0]})
    windows, waiting = drain(model)
    assert ids(windows) == list(range(10, 20))
    assert (waiting.reason, waiting.rows_waiting) == (SELECTION_OVER, 2)


def test_a_window_tells_the_times_of_its_first_and_last_row(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", timed(hours(*range(10))))
    windows, _ = drain(model_over(path, timestamp="t", **TENS))
    assert (windows[0].window.start, windows[0].window.end) == tuple(hours(0, 9))


def test_a_growing_csv_gives_its_new_rows_and_never_a_torn_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows(0, 10)) + "10,5")
    model = model_over(path, window={"rows": 1})
    windows, waiting = drain(model)
    assert ids(windows) == list(range(10))
    append(path, ".0\n11,5.5\n")
    more, _ = drain(model, waiting.cursor)
    assert ids(more) == [10, 11]
    assert more[0].table["x"].to_pylist() == [5.0]


def test_the_last_line_of_a_file_that_is_over_needs_no_newline(tmp_path):
    (tmp_path / "a.csv").write_text("id,x\n0,0.0\n1,0.5")
    (tmp_path / "b.csv").write_text("id,x\n2,1.0\n")
    assert ids(drain(model_over(tmp_path, window={"rows": 1}))[0]) == [0, 1, 2]


def test_a_parquet_file_may_be_rewritten_with_more_rows(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 15))
    model = model_over(path, **TENS)
    windows, waiting = drain(model)
    write_parquet(path, rows(0, 31), row_group_size=4)
    more, _ = drain(model, waiting.cursor)
    assert ids(windows + more) == list(range(30))


def test_files_that_were_read_may_be_rotated_away(tmp_path):
    model = model_over(tmp_path, **TENS)
    write_parquet(tmp_path / "1.parquet", rows(0, 10))
    write_parquet(tmp_path / "2.parquet", rows(10, 20))
    windows, waiting = drain(model)
    (tmp_path / "1.parquet").unlink()
    (tmp_path / "2.parquet").unlink()
    assert isinstance(ProductionSource(model).next_window(waiting.cursor, now=NOW), Nothing)
    write_parquet(tmp_path / "3.parquet", rows(20, 30))
    more, _ = drain(model, waiting.cursor)
    assert ids(windows + more) == list(range(30))
    assert more[0].window.first_row == 20


def test_hidden_and_unfinished_files_are_left_alone(tmp_path):
    write_parquet(tmp_path / "a.parquet", rows(0, 10))
    for name in ("b.parquet.tmp", ".c.parquet", "_SUCCESS", "_d.csv", "e.csv.part", "notes.md"):
        (tmp_path / name).write_bytes(b"\0junk")
    (tmp_path / "folder.csv").mkdir()
    assert ids(drain(model_over(tmp_path, **TENS))[0]) == list(range(10))


def test_a_glob_reaches_into_folders_and_a_bracket_in_a_folder_s_name_is_no_wildcard(tmp_path):
    base = tmp_path / "data [1]"
    for day in ("1", "2"):
        (base / day).mkdir(parents=True)
        write_parquet(base / day / "a.parquet", rows(int(day) * 10 - 10, int(day) * 10))
    for path in (f"{tmp_path}/data [[]1]/*/*.parquet", f"{tmp_path}/data [[]1]/**/*.parquet"):
        windows, waiting = drain(model_over(path, reference={"path": str(base / "1")}, **TENS))
        assert ids(windows) == list(range(20))
        assert waiting.cursor.files.open.name == "2/a.parquet"


def test_gzip_csv_is_read_like_any_other(tmp_path):
    import gzip

    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(csv_text(rows(0, 15)))
    (tmp_path / "b.csv").write_text(csv_text(rows(15, 20)))
    assert ids(drain(model_over(tmp_path, **TENS))[0]) == list(range(20))


def test_files_may_differ_in_order_of_columns_extra_columns_and_width_of_numbers(tmp_path):
    write_parquet(
        tmp_path / "a.parquet", pa.table({"id": pa.array([0, 1], pa.int32()), "x": pa.array([1, 2], pa.int8())})
    )
    write_parquet(tmp_path / "b.parquet", pa.table({"y": ["q"], "x": [0.5], "id": pa.array([2], pa.uint8())}))
    (tmp_path / "c.csv").write_text("x,id\n7,3\n")
    [window], _ = drain(model_over(tmp_path, window={"rows": 4}))
    assert window.table.to_pydict() == {"id": [0, 1, 2, 3], "x": [1.0, 2.0, 0.5, 7.0], "y": [None, None, "q", None]}
    assert window.table.schema.field("id").type == pa.int64()


def test_a_lost_column_is_absent_from_the_window(tmp_path):
    write_parquet(tmp_path / "a.parquet", rows(0, 10))
    write_parquet(tmp_path / "b.parquet", rows(10, 20).drop_columns(["x"]))
    windows, _ = drain(model_over(tmp_path, **TENS))
    assert [window.table.column_names for window in windows] == [["id", "x"], ["id"]]


def test_a_poll_that_finds_nothing_new_opens_no_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows(0, 15)))
    model = model_over(path, **TENS)
    _, waiting = drain(model)
    monkeypatch.setattr(ProductionSource, "_feed", None)
    again = ProductionSource(model).next_window(waiting.cursor, now=NOW)
    assert isinstance(again, Nothing)
    assert (again.rows_waiting, again.cursor) == (5, waiting.cursor)


def test_a_poll_looks_again_once_the_window_is_set_smaller(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 5))
    _, waiting = drain(model_over(path, **TENS))
    assert ids(drain(model_over(path, window={"rows": 5}), waiting.cursor)[0]) == list(range(5))


def test_a_cursor_stays_small_however_many_files_were_read(tmp_path):
    for number in range(3 * REMEMBERED):
        (tmp_path / f"{number:04}.csv").write_text(f"id,x\n{number},1\n")
    windows, waiting = drain(model_over(tmp_path, window={"rows": 1}))
    assert ids(windows) == list(range(3 * REMEMBERED))
    assert len(waiting.cursor.files.read) == REMEMBERED
    assert waiting.cursor.files.forgotten == 2 * REMEMBERED - 1
    assert len(waiting.cursor.to_json()) < 4000


class TestRead:
    """Any earlier range again."""

    def test_rows_and_columns_come_back_as_they_were(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", rows(0, 12), row_group_size=5)
        (tmp_path / "b.csv").write_text(csv_text(rows(12, 40)))
        source = ProductionSource(model_over(tmp_path, rows=[3, None], **TENS))
        assert source.read(4, 20)["id"].to_pylist() == list(range(7, 23))
        assert source.read(4, 20, ["x", "lost"]).to_pydict() == {"x": [row * 0.5 for row in range(7, 23)]}

    def test_only_the_row_groups_asked_for_are_read(self, tmp_path, monkeypatch):
        import pyarrow.parquet as pq

        path = write_parquet(tmp_path / "a.parquet", rows(0, 1000), row_group_size=100)
        asked = []
        batches = pq.ParquetFile.iter_batches

        def spy(self, *args, row_groups, **options):
            asked.append((row_groups, options["columns"]))
            return batches(self, *args, row_groups=row_groups, **options)

        monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
        assert ProductionSource(model_over(path)).read(350, 420, ["x"]).num_rows == 70
        assert asked == [([3, 4], ["x"])]

    def test_numbers_keep_their_meaning_when_older_files_were_rotated_away(self, tmp_path):
        model = model_over(tmp_path, **TENS)
        for number in range(5):
            write_parquet(tmp_path / f"{number}.parquet", rows(number * 10, number * 10 + 10))
        _, waiting = drain(model)
        (tmp_path / "0.parquet").unlink()
        (tmp_path / "1.parquet").unlink()
        source = ProductionSource(model)
        assert source.read(25, 45, cursor=waiting.cursor)["id"].to_pylist() == list(range(25, 45))
        with pytest.raises(SourceMissingError, match=r"1\.parquet: is gone"):
            source.read(15, 25, cursor=waiting.cursor)
        source.next_window(waiting.cursor, now=NOW)
        assert source.read(25, 45)["id"].to_pylist() == list(range(25, 45))

    def test_files_that_only_the_count_remembers_are_found_by_counting_back(self, tmp_path):
        files = REMEMBERED + 10
        for number in range(files):
            (tmp_path / f"{number:04}.csv").write_text(f"id,x\n{number},1\n")
        model = model_over(tmp_path, window={"rows": 1})
        _, waiting = drain(model)
        source = ProductionSource(model)
        assert source.read(2, 5, cursor=waiting.cursor)["id"].to_pylist() == [2, 3, 4]
        (tmp_path / "0000.csv").unlink()
        assert source.read(2, files, cursor=waiting.cursor)["id"].to_pylist() == list(range(2, files))
        with pytest.raises(SourceMissingError, match="row 0 was in a file that has gone"):
            source.read(0, 5, cursor=waiting.cursor)


class TestLatestWindow:
    """What a check without the daemon looks at."""

    def test_it_is_the_last_complete_window_and_its_cursor_goes_on_from_there(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", rows(0, 17))
        (tmp_path / "b.csv").write_text(csv_text(rows(17, 38)))
        model = model_over(tmp_path, rows=[5, None], **TENS)
        latest = ProductionSource(model).latest_window(now=NOW)
        windows, _ = drain(model)
        assert isinstance(latest, WindowRead)
        assert latest.window == windows[-1].window
        assert latest.table.equals(windows[-1].table)
        assert latest.cursor.next_row == 30
        assert drain(model, latest.cursor)[1].rows_waiting == 3

    def test_without_a_complete_window_it_says_why(self, tmp_path):
        path = write_parquet(tmp_path / "a.parquet", rows(0, 7))
        found = ProductionSource(model_over(path, **TENS)).latest_window(now=NOW)
        assert isinstance(found, Nothing)
        assert (found.reason, found.rows_waiting) == (TOO_FEW_ROWS, 7)


def test_choosing_by_time_without_a_timestamp_column_is_a_config_error(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 7))
    for given in ({"from": hours(1)[0]}, {"window": {"every": "1d"}}):
        with pytest.raises(ConfigError, match="timestamp"):
            ProductionSource(model_over(path, **given))


def test_a_cursor_goes_through_json_unchanged_and_garbage_is_refused(tmp_path):
    from duetmind_adaptive.errors import SourceError

    path = write_parquet(tmp_path / "a.parquet", rows(0, 27))
    windows, waiting = drain(model_over(path, **TENS))
    for cursor in (windows[0].cursor, waiting.cursor):
        assert Cursor.from_json(cursor.to_json()) == cursor
    for garbage in ("", "{}", "[]", '{"next_row": 1, "files": {"read": []}}'):
        with pytest.raises(SourceError, match="cursor"):
            Cursor.from_json(garbage)
