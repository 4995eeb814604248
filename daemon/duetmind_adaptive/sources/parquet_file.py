"""Reads Parquet from any row on: the footer for the counts, then only the row groups and columns that are asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.errors import SourceFormatError, SourceIncompleteError, SourceTruncatedError
from duetmind_adaptive.sources.arrow_types import TEXT, Types, plain_table, plain_type
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.sources.csv_header import check_names
from duetmind_adaptive.sources.files import DataFile, unreadable
from duetmind_adaptive.sources.row_digest import row_digest
from duetmind_adaptive.sources.spot import Spot

MAGIC = b"PAR1"
#: bytes: magic, an empty footer's length, magic
SMALLEST = 12
#: rows decoded in one go
BATCH = 1 << 16
#: bytes read ahead of each column, so that a large row group is not held at once
READ_AHEAD = 1 << 18


class ParquetFile:
    """One Parquet file; `over` says that a later file has begun, so that a missing footer will never come.

    With `encoded`, texts stay dictionary-encoded, as they are in the file: reading them costs a tenth.
    """

    def __init__(self, file: DataFile, *, over: bool, encoded: bool = False) -> None:
        self.file = file
        self._plain = partial(plain_table, encoded=encoded)
        with self._errors():
            _check_footer(file, over=over)
            opened: Any = partial(pq.ParquetFile, file.path, pre_buffer=False, buffer_size=READ_AHEAD)
            self._file: Any = opened()
            texts = [field.name for field in self._file.schema_arrow if encoded and plain_type(field.type) == TEXT]
            if texts:
                self._file = opened(metadata=self._file.metadata, read_dictionary=texts)
        self._names = tuple(self._file.schema_arrow.names)
        check_names(file.path, self._names)
        footer = self._file.metadata
        counts = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
        #: row before which each row group begins, and the number of all rows
        self._starts = [0, *accumulate(counts)]
        #: the last whole row read and the row after it: a digest right after a read costs nothing
        self._last_read: tuple[int, pa.Table] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the footer's schema."""
        return self._names

    def advance(self, spot: Spot, rows: int) -> Spot:
        """The place `rows` rows further, or after the last row; nothing is read."""
        return Spot(min(spot.row + rows, max(self._starts[-1], spot.row)))

    def read(self, spot: Spot, rows: int, columns: Sequence[str] | None, types: Types) -> list[pa.Table]:  # noqa: ARG002 - types are the file's own
        """The next `rows` rows as one table."""
        wanted = list(self._names) if columns is None else keep(self._names, columns)
        first, last = spot.row, min(spot.row + rows, self._starts[-1])
        with self._errors():
            batches = list(self._batches(first, last, wanted))
            schema = (
                batches[0].schema if batches else pa.schema([self._file.schema_arrow.field(name) for name in wanted])
            )
            table = self._plain(pa.Table.from_batches(batches, schema)).select(wanted)
        if columns is None and table.num_rows:
            self._last_read = last, table.slice(table.num_rows - 1)
        return [table]

    def stream(self, columns: Sequence[str] | None, types: Types) -> Iterator[pa.Table]:  # noqa: ARG002 - as of `read`
        """All rows, `BATCH` at a time."""
        wanted = list(self._names) if columns is None else keep(self._names, columns)
        with self._errors():
            for batch in self._batches(0, self._starts[-1], wanted):
                yield self._plain(pa.Table.from_batches([batch])).select(wanted)

    def ended(self, spot: Spot) -> bool:
        """Whether `spot` is after the last row."""
        return spot.row >= self._starts[-1]

    def digest(self, spot: Spot) -> str:
        """Fingerprint of the row before `spot`, whatever types and order its columns are written in."""
        if not spot.row:
            return ""
        return row_digest(self._row_before(spot))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _row_before(self, spot: Spot) -> pa.Table:
        if self._last_read is not None and self._last_read[0] == spot.row:
            return self._last_read[1]
        return self.read(Spot(spot.row - 1), 1, None, {})[0]

    def _batches(self, first: int, last: int, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        groups = [
            group for group, start in enumerate(self._starts[:-1]) if start < last and self._starts[group + 1] > first
        ]
        if first >= last or not groups:
            return
        row = self._starts[groups[0]]
        for batch in self._file.iter_batches(BATCH, row_groups=groups, columns=wanted, use_threads=False):
            after = row + batch.num_rows
            if after > first:
                yield batch.slice(max(first - row, 0), min(after, last) - max(row, first))
            row = after
            if row >= last:
                return

    @contextmanager
    def _errors(self) -> Generator[None, None, None]:
        try:
            yield
        except OSError as problem:
            if problem.errno is None:  # Arrow's own, about the bytes
                raise self._damaged(problem) from problem
            raise unreadable(self.file.path, problem) from problem
        except pa.ArrowException as problem:
            raise self._damaged(problem) from problem

    def _damaged(self, problem: Exception) -> SourceFormatError:
        reason = str(problem).strip().splitlines()[0][:120]
        return SourceFormatError(f"{self.file.path}: the Parquet file is damaged ({reason}); write it again")


def _check_footer(file: DataFile, *, over: bool) -> None:
    with file.path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(0)
        head = handle.read(len(MAGIC))
        handle.seek(max(size - len(MAGIC), 0))
        tail = handle.read()
    if head and not MAGIC.startswith(head):
        raise SourceFormatError(f"{file.path}: is no Parquet file; mend the file or its name")
    if size >= SMALLEST and tail == MAGIC:
        return
    if over:
        raise SourceTruncatedError(
            f"{file.path}: ends after {size} bytes without a Parquet footer although a later file is there, so it was "
            "cut off; write it again or take it away"
        )
    raise SourceIncompleteError(
        f"{file.path}: has no Parquet footer after {size} bytes, so it is still being written or was cut off; write it "
        "under another name (say, .tmp) and rename it when it is complete"
    )
