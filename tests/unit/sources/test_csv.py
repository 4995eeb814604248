"""Delimited text: rows end where Arrow says they do, and types come from the reference."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import append, drain, ids, model_over, rows, write_parquet

from duetmind_adaptive.sources.csv_rows import row_ends

cells = st.text(st.sampled_from('ab ,;"\n\r\t'), max_size=6)


@given(table=st.lists(st.lists(cells, min_size=2, max_size=2), max_size=8), cut=st.integers(0, 60), quote=st.booleans())
@settings(max_examples=300, deadline=None)
def test_rows_written_by_a_csv_writer_end_where_they_should_wherever_the_text_is_cut(table, cut, quote):
    out, ends = io.StringIO(newline=""), []
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL)
    for row in table:
        writer.writerow(row)
        ends.append(out.tell())
    text = out.getvalue().encode()
    assert row_ends(text, ",").tolist() == ends
    assert row_ends(text[:cut], ",").tolist() == [end for end in ends if end <= cut]


@given(text=st.text(st.sampled_from('a,"\n'), max_size=24))
@settings(max_examples=400, deadline=None)
def test_stray_quotes_end_rows_as_arrow_reads_them(text):
    text = f"{text}\n"
    ends = row_ends(text.encode(), ",").tolist()
    parsed = []
    try:
        table = pa_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pa_csv.ReadOptions(column_names=["a", "b"]),
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=lambda _: parsed.append(1) or "skip"
            ),
        )
    except pa.ArrowInvalid:
        return
    rows_seen = table.num_rows + len(parsed)
    open_at_end = bool(text[ends[-1] if ends else 0 :].strip("\n"))
    assert len(ends) in {rows_seen, rows_seen - 1} if open_at_end else len(ends) == rows_seen


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path, delimiter):
    path = tmp_path / "a.csv"
    path.write_text(f'id{delimiter}"x{delimiter}, y"{delimiter}z\n1{delimiter}2{delimiter}"a{delimiter}b"\n')
    [window], _ = drain(model_over(path, window={"rows": 1}))
    assert window.table.to_pylist() == [{"id": 1, f"x{delimiter}, y": 2, "z": f"a{delimiter}b"}]


def test_byte_order_mark_crlf_blank_lines_and_quoted_newlines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf\r\n"id","x"\r\n\r\n0,"a\r\nb"\r\n\r\n1,"say ""hi"""\r\n\r\n')
    windows, waiting = drain(model_over(path, window={"rows": 1}))
    assert [window.table.to_pylist() for window in windows] == [
        [{"id": 0, "x": "a\r\nb"}],
        [{"id": 1, "x": 'say "hi"'}],
    ]
    assert waiting.rows_waiting == 0
    assert waiting.cursor.files.open.ended


def test_types_are_those_of_the_reference_in_every_window(tmp_path):
    reference = write_parquet(
        tmp_path / "reference.parquet",
        pa.table({"zip": ["01234"], "amount": [1.5], "n": [3], "flag": [True], "day": pa.array([0], pa.date32())}),
    )
    path = tmp_path / "a.csv"
    path.write_text("zip,amount,n,flag,day\n00123,1,2,0,2025-01-02\n00124,,,,\n00125,2.5,4,1,2025-01-03\n")
    windows, _ = drain(model_over(path, reference={"path": str(reference)}, window={"rows": 1}))
    wanted = {"zip": pa.large_string(), "amount": pa.float64(), "n": pa.int64(), "flag": pa.bool_(), "day": pa.date32()}
    for window in windows:
        assert {field.name: field.type for field in window.table.schema} == wanted
    assert windows[0].table["zip"].to_pylist() == ["00123"]
    assert windows[1].table.select(["amount", "n", "flag", "day"]).to_pylist() == [
        dict.fromkeys(["amount", "n", "flag", "day"])
    ]


def test_a_value_that_does_not_parse_makes_its_column_text_in_that_window_only(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,x\n0,1\n1,2\n2,oops\n3,07\n4,5\n5,6.5\n")
    model = model_over(path, reference={"path": str(path), "rows": [0, 2]}, window={"rows": 2})
    windows, _ = drain(model)
    assert [window.table["x"].to_pylist() for window in windows] == [[1, 2], ["oops", "07"], [5.0, 6.5]]


def test_text_that_shows_up_in_a_later_block_leaves_earlier_values_as_written(tmp_path, monkeypatch):
    monkeypatch.setattr("duetmind_adaptive.sources.csv_file.BLOCK", 16)
    path = tmp_path / "a.csv"
    path.write_text("id,x\n" + "".join(f"{row},00{row}\n" for row in range(8)) + "8,n/k\n")
    [window], _ = drain(model_over(path, window={"rows": 9}))
    assert window.table["x"].to_pylist() == [*(f"00{row}" for row in range(8)), "n/k"]
    assert ids([window]) == list(range(9))


def test_rows_longer_than_a_block_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("duetmind_adaptive.sources.csv_file.BLOCK", 16)
    path = tmp_path / "a.csv"
    path.write_text("id,x\n" + "".join(f'{row},"{"y" * 100}\n"\n' for row in range(10)))
    assert ids(drain(model_over(path, window={"rows": 3}))[0]) == list(range(9))


def test_a_growing_file_is_not_read_again_from_its_start(tmp_path, monkeypatch):
    from duetmind_adaptive.sources.csv_file import DIGEST_SPAN, CsvFile

    path = tmp_path / "a.csv"
    path.write_text("id,x\n" + "".join(f"{row},{row}\n" for row in range(200_000)))
    reference = write_parquet(tmp_path / "r.parquet", rows(0, 5))
    model = model_over(path, reference={"path": str(reference)}, window={"rows": 100_000})
    _, waiting = drain(model)
    append(path, "".join(f"{row},{row}\n" for row in range(200_000, 300_000)))
    offsets, read = [], CsvFile._bytes

    def spy(self, offset, length):
        offsets.append((offset, length))
        return read(self, offset, length)

    monkeypatch.setattr(CsvFile, "_bytes", spy)
    assert len(drain(model, waiting.cursor)[0]) == 1
    seen = waiting.cursor.files.open.offset
    assert all(offset >= seen - DIGEST_SPAN or length <= DIGEST_SPAN for offset, length in offsets)
