"""Windows by time: aligned to midnight UTC, in the order of the rows, late rows where they arrive."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import T0, append, csv_text, drain, hours, ids, model_over, rows, timed, write_parquet

from duetmind_adaptive.sources.cutter import SELECTION_OVER, WINDOW_OPEN
from duetmind_adaptive.sources.production import Nothing, ProductionSource
from duetmind_adaptive.sources.selection import Stretch
from duetmind_adaptive.sources.windows import next_cut, slot_ends

DAILY = {"timestamp": "t", "window": {"every": "1d"}}
SOON = T0 + timedelta(days=2)


def sizes(windows):
    return [window.window.rows for window in windows]


def test_days_are_cut_at_midnight_utc_and_empty_ones_are_skipped(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", timed(hours(5, 23.9, 24, 30, 100, 101, 121)))
    windows, waiting = drain(model_over(path, **DAILY), now=T0)
    assert sizes(windows) == [2, 2, 2]
    assert ids(windows) == list(range(6))
    assert (waiting.reason, waiting.rows_waiting) == (WINDOW_OPEN, 1)


def test_a_window_whose_rows_stopped_is_complete_one_window_after_its_end(tmp_path):
    model = model_over(write_parquet(tmp_path / "a.parquet", timed(hours(1, 2))), **DAILY)
    _, waiting = drain(model, now=SOON - timedelta(microseconds=1))
    assert waiting.rows_waiting == 2
    windows, _ = drain(model, waiting.cursor, now=SOON)
    assert sizes(windows) == [2]


def test_a_row_that_comes_late_counts_in_the_window_in_which_it_arrives(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(timed(hours(1, 25, 3, 26))))
    model = model_over(path, **DAILY)
    windows, waiting = drain(model, now=T0 + timedelta(hours=27))
    assert sizes(windows) == [1]
    append(path, csv_text(timed(hours(49), first=4), header=False))
    windows, waiting = drain(model, waiting.cursor, now=T0 + timedelta(hours=49))
    assert ids(windows) == [1, 2, 3]


def test_one_clock_that_is_far_ahead_does_not_stall_the_windows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(timed(hours(1, 2, 700_000))))
    model = model_over(path, **DAILY)
    first, waiting = drain(model, now=T0 + timedelta(hours=3))
    append(path, csv_text(timed(hours(4, 26, 50, 51), first=3), header=False))
    second, waiting = drain(model, waiting.cursor, now=T0 + timedelta(hours=51))
    assert [ids(first), ids(second), waiting.rows_waiting] == [[0, 1], [2, 3, 4], 2]
    latest = ProductionSource(model).latest_window(now=T0 + timedelta(hours=51))
    assert ids([latest]) == [4]


def test_a_slot_that_the_clock_closed_is_not_opened_again(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(timed(hours(1))))
    model = model_over(path, **DAILY)
    first, waiting = drain(model, now=SOON)
    append(path, csv_text(timed(hours(2, 30, 49), first=1), header=False))
    second, _ = drain(model, waiting.cursor, now=SOON)
    assert [ids(first), ids(second)] == [[0], [1, 2]]


def test_a_time_window_spans_files_and_ends_with_a_closed_selection(tmp_path):
    write_parquet(tmp_path / "a.parquet", timed(hours(1, 2)))
    (tmp_path / "b.csv").write_text(csv_text(timed(hours(3, 25, 26, 50), first=2)))
    windows, waiting = drain(model_over(tmp_path, rows=[1, 5], **DAILY), now=T0)
    assert ids(windows) == [1, 2, 3, 4]
    assert sizes(windows) == [2, 2]
    assert waiting.reason == SELECTION_OVER


def test_to_closes_the_last_time_window(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", timed(hours(1, 2, 25, 30, 31)))
    windows, waiting = drain(model_over(path, to=hours(30)[0], **DAILY), now=T0)
    assert sizes(windows) == [2, 1]
    assert waiting.rows_waiting == 0


def test_rows_without_a_timestamp_stay_where_they_stand(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", timed([None, *hours(1), None, *hours(25), None]))
    windows, waiting = drain(model_over(path, **DAILY), now=T0)
    assert sizes(windows) == [3]
    assert waiting.rows_waiting == 2


def test_a_waiting_day_is_not_read_again_before_its_time(tmp_path, monkeypatch):
    model = model_over(write_parquet(tmp_path / "a.parquet", timed(hours(1, 2))), **DAILY)
    _, waiting = drain(model, now=T0)
    monkeypatch.setattr(ProductionSource, "_feed", None)
    assert isinstance(ProductionSource(model).next_window(waiting.cursor, now=T0 + timedelta(hours=30)), Nothing)


def test_the_latest_time_window_is_the_last_complete_one(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", timed(hours(*range(60))))
    model = model_over(path, **DAILY)
    for now in (T0, T0 + timedelta(days=9)):
        windows, _ = drain(model, now=now)
        latest = ProductionSource(model).latest_window(now=now)
        assert latest.window == windows[-1].window
        assert latest.cursor.next_row == windows[-1].cursor.next_row
        assert drain(model, latest.cursor, now=now)[0] == []
    short = model_over(write_parquet(tmp_path / "b.parquet", timed(hours(1, 2))), **DAILY)
    found = ProductionSource(short).latest_window(now=T0)
    assert (found.reason, found.rows_waiting) == (WINDOW_OPEN, 2)


def test_csv_timestamps_are_iso_text_dates_or_epoch_numbers_and_naive_ones_are_utc(tmp_path):
    write = {
        "naive": ["2025-01-01 01:00:00", "2025-01-01T02:00:00.5", "2025-01-02 00:00"],
        "zoned": ["2025-01-01T03:00:00+02:00", "2025-01-01T02:00Z", "2025-01-02T01:00:00+0100"],
        "mixed": ["2025-01-01T03:00:00+02:00", "2025-01-01 02:00", "2025-01-02"],
        "nanos": ["2025-01-01T03:00:00.123456789", "2025-01-01 02:00", "2025-01-02"],
        "dates": ["2025-01-01", "2025-01-01", "2025-01-02"],
        "seconds": [1735693200, 1735696800, 1735776000],
        "millis": [1735693200000, 1735696800000, 1735776000000],
    }
    for name, values in write.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(csv_text(rows(0, 3, t=values)))
        windows, _ = drain(model_over(path, **DAILY), now=T0)
        assert sizes(windows) == [2], name
        assert windows[0].window.start.utcoffset() == timedelta(0)
        assert windows[0].window.start.date() == T0.date()


@given(
    stamps=st.lists(st.one_of(st.integers(0, 200), st.none()), min_size=1, max_size=60),
    every=st.integers(1, 40),
    cuts=st.lists(st.integers(1, 20), max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_cutting_step_by_step_is_grouping_by_the_slot_of_the_latest_timestamp(stamps, every, cuts):
    values = np.array([np.iinfo(np.int64).min if stamp is None else stamp for stamp in stamps])
    groups = slot_ends(values, every)
    row, boundary, ends = 0, None, []
    while row < values.size:
        pieces = np.split(values[row:], [cut for cut in np.cumsum(cuts) if cut < values.size - row])
        stretches = [Stretch(piece, index == len(pieces) - 1) for index, piece in enumerate(pieces)]
        cut = next_cut(iter(stretches), every, boundary)
        assert cut.complete
        assert cut.rows > 0
        ends += [cut.end or 0] * cut.rows
        row, boundary = row + cut.rows, cut.end
    assert ends == groups.tolist()
