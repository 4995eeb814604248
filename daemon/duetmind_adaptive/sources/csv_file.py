"""Reads delimited text from any row on, with only complete rows counting.

A row is complete once its newline is written; the last line of a file that is over (a later file has begun, or the
file is a reference) needs none. Types come from outside, so that they do not change from window to window.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from duetmind_adaptive.errors import SourceError, SourceFormatError, SourceIncompleteError
from duetmind_adaptive.sources.arrow_types import Types
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.sources.csv_header import HEADER_LIMIT, Header, check_text, parse_header
from duetmind_adaptive.sources.csv_rows import Positions, row_ends
from duetmind_adaptive.sources.csv_values import RawRows, parse_rows
from duetmind_adaptive.sources.files import DataFile, unreadable
from duetmind_adaptive.sources.spot import ALL_ROWS, START, Spot

#: bytes looked at in one go; a row longer than the limit means a quote that never closes
BLOCK = 1 << 20
#: columns for which a block is enough, and how many times as long it may get for more: each block costs every column
BLOCK_COLUMNS, LONGEST_BLOCK = 200, 32
ROW_LIMIT = 1 << 25
#: bytes of the start, and before the place reached, that a digest looks at
DIGEST_SPAN = 4096


def _opened(file: DataFile) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(file.path)) if file.is_gzip else file.path.open("rb")


class CsvFile:
    """Delimited text, plain or gzip; `over` says that no more will be appended."""

    def __init__(self, file: DataFile, *, over: bool) -> None:
        self.file = file
        self._over = over
        try:
            self._handle = _opened(file)
        except OSError as problem:
            raise unreadable(file.path, problem) from problem
        try:
            self._header = self._read_header()
        except SourceError:
            self.close()
            raise

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns of the header line; None while it is not complete."""
        return self._header.names if self._header else None

    def advance(self, spot: Spot, rows: int) -> Spot:
        """The place `rows` rows further, or after the last complete row."""
        for _, after in self._blocks(spot, rows):
            spot = after
        return spot

    def read(self, spot: Spot, rows: int, columns: Sequence[str] | None, types: Types) -> list[pa.Table]:
        """The next `rows` rows, one table for each block of text."""
        wanted = self._wanted(columns)
        if not wanted:
            return []
        tables = list(self._tables(spot, rows, wanted, types))
        return tables or [pa.Table.from_batches([], pa.schema([(name, types.get(name, pa.null())) for name in wanted]))]

    def stream(self, columns: Sequence[str] | None, types: Types) -> Iterator[pa.Table]:
        """All rows, a block of text at a time."""
        wanted = self._wanted(columns)
        return self._tables(START, ALL_ROWS, wanted, types) if wanted else iter(())

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        names = self._header.names if self._header else ()
        return list(names) if columns is None else keep(names, columns)

    def _tables(self, spot: Spot, rows: int, wanted: list[str], types: Types) -> Iterator[pa.Table]:
        header = self._header
        if header is None:
            return
        for block, after in self._blocks(spot, rows):
            check_text(self.file.path, block)
            yield parse_rows(RawRows(self.file.path, header, spot.row, after.row, block), wanted, types)
            spot = after

    def ended(self, spot: Spot) -> bool:
        """Whether only empty lines follow."""
        rest = self._bytes(max(spot.offset, self._header.end if self._header else 0), DIGEST_SPAN)
        return not rest.strip(b"\r\n")

    def digest(self, spot: Spot) -> str:
        """Fingerprint of the first bytes and of those just before `spot`; growing does not change them."""
        span = min(DIGEST_SPAN, spot.offset)
        seen = self._bytes(0, span) + self._bytes(spot.offset - span, span)
        return hashlib.blake2b(seen, digest_size=8).hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self._handle.close()

    def _read_header(self) -> Header | None:
        size = DIGEST_SPAN
        while True:
            start = self._bytes(0, size)
            whole = len(start) < size
            header = parse_header(self.file.path, start, whole=whole and self._over)
            if header or whole or size >= HEADER_LIMIT:
                return header
            size *= 16

    def _bytes(self, offset: int, length: int) -> bytes:
        if not self.file.is_gzip:
            length = min(length, self.file.size - offset)
        try:
            self._handle.seek(offset)
            return self._handle.read(max(length, 0))
        except (EOFError, zlib.error) as cut:
            raise SourceIncompleteError(
                f"{self.file.path}: its gzip stream is cut off or damaged; write it under another name and rename it "
                "when it is complete"
            ) from cut
        except gzip.BadGzipFile as bad:
            raise SourceFormatError(f"{self.file.path}: is no gzip file; mend the file or its name") from bad
        except OSError as problem:
            raise unreadable(self.file.path, problem) from problem

    def _blocks(self, spot: Spot, rows: int) -> Iterator[tuple[bytes, Spot]]:
        """The bytes of the next `rows` complete rows in blocks, each with the place after it."""
        header = self._header
        if header is None:
            return
        row, offset = spot.row, max(spot.offset, header.end)
        usual = BLOCK * min(1 + len(header.names) // BLOCK_COLUMNS, LONGEST_BLOCK)
        left, size = rows, usual
        while left > 0:
            block = self._bytes(offset, size)
            ends = self._row_ends(block, header.delimiter, last=len(block) < size)[:left]
            if ends.size:
                end = int(ends[-1])
                row, offset, left = row + ends.size, offset + end, left - int(ends.size)
                size = usual
                yield block[:end], Spot(row, offset)
            elif len(block) < size:
                return
            elif size >= ROW_LIMIT:
                raise SourceFormatError(
                    f"{self.file.path}: row {row} is longer than {ROW_LIMIT} bytes; a quote may be left open in it"
                )
            else:
                size *= 4

    def _row_ends(self, block: bytes, delimiter: str, *, last: bool) -> Positions:
        ends = row_ends(block, delimiter)
        tail = block[int(ends[-1]) if ends.size else 0 :]
        return np.append(ends, len(block)) if last and self._over and tail.strip() else ends
