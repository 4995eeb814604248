"""However a folder grows, the windows hold exactly its rows: each once, in order, across restarts."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from source_files import NOW, T0, append, csv_text, model_over, timed, write_parquet

from duetmind_adaptive.errors import SourceIncompleteError
from duetmind_adaptive.sources.cursor import Cursor
from duetmind_adaptive.sources.production import Nothing, ProductionSource

counts = st.integers(0, 12)


class GrowingFolder(RuleBasedStateMachine):
    """Writers append, tear, rotate and touch files; a reader polls and restarts in between."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.cursor = Cursor.start()
        #: rows whose last byte is written, torn text after them, and rows seen
        self.written, self.torn, self.seen = 0, "", list[int]()
        self.files, self.last_csv = 0, None
        self.half_parquet: tuple[Path, bytes] | None = None

    def teardown(self):
        shutil.rmtree(self.folder)

    @initialize(skip=st.integers(0, 15), window=st.sampled_from([{"rows": 1}, {"rows": 7}, {"every": "1d"}]))
    def choose(self, skip, window):
        self.skip = skip
        self.model = model_over(self.folder, timestamp="t", rows=[skip, None], window=window)

    def rows(self, count):
        first = self.written
        return timed([T0 + timedelta(hours=5 * row) for row in range(first, first + count)], first)

    def next_file(self, ending):
        """A writer finishes its torn line before it begins another file."""
        self.finish_torn_line()
        self.files += 1
        return self.folder / f"part-{self.files:03}{ending}"

    def finish_torn_line(self):
        if self.torn:
            append(self.last_csv, self.torn)
            self.torn, self.written = "", self.written + 1

    @precondition(lambda self: self.half_parquet is None)
    @rule(count=counts, groups=st.integers(1, 5))
    def new_parquet(self, count, groups):
        write_parquet(self.next_file(".parquet"), self.rows(count), row_group_size=groups)
        self.written, self.last_csv = self.written + count, None

    @precondition(lambda self: self.half_parquet is None)
    @rule(count=counts)
    def begin_parquet(self, count):
        path = write_parquet(self.next_file(".parquet"), self.rows(count))
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        self.half_parquet, self.half_rows, self.last_csv = (path, whole), count, None

    @precondition(lambda self: self.half_parquet is not None)
    @rule()
    def finish_parquet(self):
        path, whole = self.half_parquet
        path.write_bytes(whole)
        self.written, self.half_parquet = self.written + self.half_rows, None

    @precondition(lambda self: self.half_parquet is None)
    @rule(count=counts)
    def new_csv(self, count):
        self.last_csv = self.next_file(".csv")
        self.last_csv.write_text(csv_text(self.rows(count)))
        self.written += count

    @precondition(lambda self: self.last_csv is not None)
    @rule(count=counts, tear=st.integers(0, 30))
    def append_csv(self, count, tear):
        self.finish_torn_line()
        append(self.last_csv, csv_text(self.rows(count), header=False))
        self.written += count
        line = csv_text(self.rows(1), header=False)
        cut = min(tear, len(line) - 1)
        append(self.last_csv, line[:cut])
        self.torn = line[cut:] if cut else ""

    @precondition(lambda self: self.cursor.files.read)
    @rule()
    def rotate(self):
        (self.folder / self.cursor.files.read[0].name).unlink(missing_ok=True)

    @rule()
    def restart(self):
        self.cursor = Cursor.from_json(self.cursor.to_json())

    @precondition(lambda self: self.files)
    @rule()
    def poll(self):
        found = self.next_window()
        if found is None:
            return
        self.cursor = found.cursor
        if not isinstance(found, Nothing):
            assert found.window.first_row == len(self.seen)
            self.seen += found.table["id"].to_pylist()
            assert found.window.last_row == len(self.seen)

    def next_window(self):
        try:
            return ProductionSource(self.model).next_window(self.cursor, now=T0)
        except SourceIncompleteError:
            assert self.half_parquet is not None
            return None

    @invariant()
    def rows_are_seen_once_and_in_order(self):
        assert self.seen == list(range(self.skip, self.skip + len(self.seen)))
        assert len(self.seen) <= max(self.written - self.skip, 0)

    @precondition(lambda self: self.files and self.half_parquet is None)
    @rule()
    def read_everything(self):
        while not isinstance(found := ProductionSource(self.model).next_window(self.cursor, now=NOW), Nothing):
            self.cursor = found.cursor
            self.seen += found.table["id"].to_pylist()
        self.cursor = found.cursor
        assert self.skip + len(self.seen) + found.rows_waiting == max(self.written, self.skip)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
class TestGrowingFolder(GrowingFolder.TestCase):
    settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
