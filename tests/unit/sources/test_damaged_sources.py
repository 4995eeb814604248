"""Whatever is wrong with a file is one sentence that names it, with a code; nothing crashes, no row is skipped."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_files import NOW, append, csv_text, drain, hours, ids, model_over, rows, timed, write_parquet

from duetmind_adaptive.errors import (
    ColumnMissingError,
    SourceError,
    SourceFormatError,
    SourceIncompleteError,
    SourceMissingError,
    SourceOrderError,
    SourceTruncatedError,
)
from duetmind_adaptive.settings.model import LabelSettings
from duetmind_adaptive.sources.cursor import REMEMBERED, Cursor
from duetmind_adaptive.sources.production import ProductionSource

TENS = {"window": {"rows": 10}}


def fails(error, sentence, model, cursor=None):
    """The next window is refused with `error`, whose one line matches `sentence`."""
    with pytest.raises(error, match=sentence) as caught:
        ProductionSource(model).next_window(cursor or Cursor.start(), now=NOW)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    assert caught.value.code


class TestNothingThere:
    """Files that are missing or have nothing in them."""

    def test_no_such_file(self, tmp_path):
        fails(SourceMissingError, "no such file", model_over(tmp_path / "a.csv", **TENS))

    def test_neither_file_nor_folder(self, tmp_path):
        os.mkfifo(tmp_path / "a.csv")
        fails(SourceMissingError, "neither a file nor a folder", model_over(tmp_path / "a.csv", **TENS))

    def test_no_such_folder(self, tmp_path):
        fails(SourceMissingError, "no file matches", model_over(tmp_path / "gone" / "*.csv", **TENS))

    def test_folder_without_data(self, tmp_path):
        (tmp_path / "notes.txt").write_text("hello")
        fails(SourceMissingError, r"no \.parquet.*file in", model_over(tmp_path, **TENS))

    def test_glob_without_matches(self, tmp_path):
        fails(SourceMissingError, "no file matches", model_over(tmp_path / "*.parquet", **TENS))

    def test_empty_files_and_files_without_rows_are_waited_for(self, tmp_path):
        (tmp_path / "1.csv").write_text("")
        (tmp_path / "2.csv").write_text("id,x\n")
        write_parquet(tmp_path / "3.parquet", rows(0, 0))
        (tmp_path / "4.csv").write_text("\n\n")
        model = model_over(tmp_path, **TENS)
        _, waiting = drain(model)
        assert waiting.rows_waiting == 0
        write_parquet(tmp_path / "5.parquet", rows(0, 10))
        assert ids(drain(model, waiting.cursor)[0]) == list(range(10))

    def test_an_empty_file_gets_its_header_and_rows_later(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("")
        model = model_over(path, **TENS)
        _, waiting = drain(model)
        append(path, "id,")
        _, waiting = drain(model, waiting.cursor)
        append(path, csv_text(rows(0, 10))[3:])
        assert ids(drain(model, waiting.cursor)[0]) == list(range(10))

    def test_permission_denied(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            for path in (Path(folder, "a.csv"), write_parquet(Path(folder, "b.parquet"), rows(0, 10))):
                path.touch()
                path.chmod(0)
                with unprivileged():
                    fails(SourceError, "permission denied", model_over(path, **TENS))


class TestNotWhatItSays:
    """Files of another format."""

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"PAR1\0\0\1\2binary\0junk\n", "is binary"),
            ("id,x\n1,é\n".encode("latin-1"), "not UTF-8"),
            ("id,é\n1,2\n".encode("latin-1"), "not UTF-8"),
            ("id,x\n1,2\n".encode("utf-16"), "UTF-16"),
            (b"id,x,id\n1,2,3\n", "more than one column named 'id'"),
            (b"id,x\n0,0\n1\n", "row 1 has 1 value where the header has 2"),
            (b"id,x\n0,0\n1,2,3\n", "row 1 has 3 values where the header has 2"),
            (b"id:x\n0:1\n", "no delimiter"),
            (b"id,x\n0,1\n1,a\rb\n", "."),
        ],
    )
    def test_csv(self, tmp_path, content, sentence):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        fails(SourceFormatError, sentence, model_over(path, window={"rows": 2 if content.count(b"\n") > 2 else 1}))

    def test_a_quote_that_never_closes(self, tmp_path, monkeypatch):
        monkeypatch.setattr("duetmind_adaptive.sources.csv_file.BLOCK", 64)
        monkeypatch.setattr("duetmind_adaptive.sources.csv_file.ROW_LIMIT", 1024)
        path = tmp_path / "a.csv"
        path.write_text('id,x\n0,1\n1,"' + csv_text(rows(2, 400), header=False))
        windows, model = [], model_over(path, window={"rows": 1})
        windows.append(ProductionSource(model).next_window(Cursor.start(), now=NOW))
        fails(SourceFormatError, "row 1 is longer", model, windows[0].cursor)

    def test_parquet(self, tmp_path):
        path = tmp_path / "a.parquet"
        path.write_text("id,x\n1,2\n")
        fails(SourceFormatError, "is no Parquet file", model_over(path, **TENS))

    def test_parquet_with_damaged_pages(self, tmp_path):
        path = write_parquet(tmp_path / "a.parquet", rows(0, 5000), compression="zstd")
        content = bytearray(path.read_bytes())
        content[4:2000] = b"\xff" * 1996
        path.write_bytes(content)
        fails(SourceFormatError, "is damaged", model_over(path, **TENS))

    def test_parquet_with_a_damaged_footer(self, tmp_path):
        path = write_parquet(tmp_path / "a.parquet", rows(0, 50))
        content = path.read_bytes()
        path.write_bytes(content[:-300] + b"\xff" * 292 + content[-8:])
        fails(SourceFormatError, "is damaged", model_over(path, **TENS))

    def test_parquet_with_a_name_given_twice(self, tmp_path):
        table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
        path = write_parquet(tmp_path / "a.parquet", table)
        fails(SourceFormatError, "more than one column named 'id'", model_over(path, **TENS))

    def test_a_column_of_lists_in_one_file_and_numbers_in_another(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", rows(0, 5, y=[[1]] * 5))
        write_parquet(tmp_path / "b.parquet", rows(5, 10, y=[1] * 5))
        fails(SourceFormatError, "column 'y' is", model_over(tmp_path, **TENS))

    def test_gzip(self, tmp_path):
        path = tmp_path / "a.csv.gz"
        path.write_text("id,x\n1,2\n")
        fails(SourceFormatError, "is no gzip file", model_over(path, **TENS))
        path.write_bytes(gzip.compress(csv_text(rows(0, 5000)).encode())[:-400])
        fails(SourceIncompleteError, "cut off", model_over(path, window={"rows": 5000}))


class TestStillBeingWritten:
    """Parquet has its footer last."""

    def test_the_windows_before_it_are_given_then_the_file_is_named(self, tmp_path):
        write_parquet(tmp_path / "1.parquet", rows(0, 15))
        whole = write_parquet(tmp_path / "2.parquet", rows(15, 30)).read_bytes()
        model = model_over(tmp_path, **TENS)
        for part in (b"", whole[:3], whole[:100], whole[:-1]):
            (tmp_path / "2.parquet").write_bytes(part)
            first = ProductionSource(model).next_window(Cursor.start(), now=NOW)
            assert ids([first]) == list(range(10))
            fails(SourceIncompleteError, r"2\.parquet: has no Parquet footer", model, first.cursor)
        (tmp_path / "2.parquet").write_bytes(whole)
        assert ids(drain(model, first.cursor)[0]) == list(range(10, 30))

    def test_a_file_without_footer_before_another_was_cut_off(self, tmp_path):
        whole = write_parquet(tmp_path / "1.parquet", rows(0, 15)).read_bytes()
        (tmp_path / "1.parquet").write_bytes(whole[:-1])
        write_parquet(tmp_path / "2.parquet", rows(15, 30))
        fails(SourceTruncatedError, r"1\.parquet: ends after .* was cut off", model_over(tmp_path, **TENS))


class TestChangedBehindTheCursor:
    """What was read must stay, or go as a whole."""

    @pytest.fixture(params=["csv", "parquet"])
    def half_read(self, request, tmp_path):
        def write(table):
            path = tmp_path / f"a.{request.param}"
            if request.param == "csv":
                path.write_text(csv_text(table))
                return path
            return write_parquet(path, table)

        model = model_over(tmp_path, **TENS)
        path = write(rows(0, 15))
        [window], _ = drain(model)
        return write, path, model, window.cursor

    def test_fewer_rows_than_were_read(self, half_read):
        write, path, model, cursor = half_read
        write(rows(0, 8))
        fails(SourceTruncatedError, rf"{path.name}: has 8 rows, but 10 were already read", model, cursor)

    def test_other_rows_than_were_read(self, half_read):
        write, path, model, cursor = half_read
        write(rows(100, 130))
        fails(SourceTruncatedError, rf"{path.name}: was rewritten", model, cursor)

    def test_cut_off(self, half_read):
        _, path, model, cursor = half_read
        os.truncate(path, 20)
        fails(SourceTruncatedError, path.name, model, cursor)

    def test_gone_before_its_end(self, half_read):
        _, path, model, cursor = half_read
        write_parquet(path.with_name("b.parquet"), rows(15, 30))
        path.unlink()
        fails(SourceMissingError, rf"{path.name}: is gone although it was not read to its end", model, cursor)

    def test_rows_not_yet_read_may_be_cut_or_mended(self, half_read):
        write, _, model, cursor = half_read
        write(rows(0, 12))
        write(rows(0, 25))
        assert ids(drain(model, cursor)[0]) == list(range(10, 20))

    def test_a_copy_with_the_same_content_is_no_change(self, half_read):
        _, path, model, cursor = half_read
        os.utime(path, ns=(1, 1))
        assert drain(model, cursor)[1].rows_waiting == 5

    def test_a_file_read_to_its_end_and_followed_may_shrink(self, half_read):
        write, path, model, cursor = half_read
        write(rows(0, 20))
        [window], _ = drain(model, cursor)
        write_parquet(path.with_name("b.parquet"), rows(20, 30))
        path.write_bytes(b"")
        assert ids(drain(model, window.cursor)[0]) == list(range(20, 30))


class TestOrder:
    """New rows must come after those that were read."""

    def test_a_new_file_that_sorts_before_one_already_read(self, tmp_path):
        model = model_over(tmp_path, **TENS)
        write_parquet(tmp_path / "part-9.parquet", rows(0, 10))
        windows, _ = drain(model)
        write_parquet(tmp_path / "part-10.parquet", rows(10, 20))
        fails(SourceOrderError, r"part-10\.parquet: sorts before part-9\.parquet", model, windows[-1].cursor)

    def test_it_is_noticed_although_most_names_are_forgotten(self, tmp_path):
        model = model_over(tmp_path, window={"rows": 1})
        for number in range(REMEMBERED + 9):
            (tmp_path / f"{number:04}.csv").write_text(f"id,x\n{number},1\n")
        _, waiting = drain(model)
        for name in ("0003b.csv", f"{REMEMBERED:04}b.csv"):
            (tmp_path / name).write_text("id,x\n1,1\n")
            fails(SourceOrderError, "sorts before", model, waiting.cursor)
            (tmp_path / name).unlink()

    def test_a_file_that_grows_after_a_later_one_was_begun(self, tmp_path):
        model = model_over(tmp_path, **TENS)
        (tmp_path / "1.csv").write_text(csv_text(rows(0, 10)))
        (tmp_path / "2.csv").write_text(csv_text(rows(10, 25)))
        _, waiting = drain(model)
        append(tmp_path / "1.csv", "\n")
        assert drain(model, waiting.cursor)[1].rows_waiting == 5
        append(tmp_path / "1.csv", "99,1\n")
        fails(SourceOrderError, r"1\.csv: grew from 10 to 11 rows", model, waiting.cursor)


class TestColumns:
    """Without these columns nothing can be cut or joined."""

    def test_the_timestamp(self, tmp_path):
        write_parquet(tmp_path / "1.parquet", timed(hours(*range(5))))
        write_parquet(tmp_path / "2.parquet", rows(5, 10))
        model = model_over(tmp_path, timestamp="t", **TENS)
        fails(ColumnMissingError, r"2\.parquet: has no column 't'.*its columns are id, x", model)

    def test_the_label_key(self, tmp_path):
        path = write_parquet(tmp_path / "1.parquet", rows(0, 10))
        labels = LabelSettings(path=str(tmp_path / "labels"), key="loan")
        fails(ColumnMissingError, "has no column 'loan'", model_over(path, labels=labels, target="y", **TENS))

    @pytest.mark.parametrize("values", [["soon"] * 10, list(range(10)), [0.5] * 10, [True] * 10])
    def test_timestamps_that_are_none(self, tmp_path, values):
        path = tmp_path / "a.csv"
        path.write_text(csv_text(rows(0, 10, t=values)))
        model = model_over(path, timestamp="t", **TENS)
        fails(SourceFormatError, r"a\.csv: timestamp column 't' holds", model)


def test_asking_for_rows_that_are_not_there(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", rows(0, 10))
    with pytest.raises(SourceTruncatedError, match="has only 5 rows from row 5 on, 10 were asked for"):
        ProductionSource(model_over(path)).read(5, 15)


def test_no_prefix_of_a_parquet_file_crashes(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(rows(0, 20), path)
    whole = path.read_bytes()
    model = model_over(path, **TENS)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        fails(SourceIncompleteError, "no Parquet footer", model)


class unprivileged:  # noqa: N801 - reads as a word in a with statement
    """Another user for a moment, where the tests run as root (whom no mode stops)."""

    def __enter__(self):
        self._user = os.geteuid()
        if not self._user:
            os.seteuid(65534)

    def __exit__(self, *_):
        os.seteuid(self._user)
