"""A place in one file, and what every kind of file can do from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa

from duetmind_adaptive.sources.arrow_types import Types
from duetmind_adaptive.sources.files import DataFile


class Spot(NamedTuple):
    """Before row `row` of a file, rows counted from 0."""

    row: int = 0
    #: bytes before that row, where the format has such a thing; 0 is the start of the file
    offset: int = 0


START = Spot()
#: more rows than any file has
ALL_ROWS = 1 << 62


class TableFile(Protocol):
    """One open file of rows. Every method may raise a SourceError that names the file."""

    file: DataFile

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns; None while the file does not say them yet."""
        ...

    def advance(self, spot: Spot, rows: int) -> Spot:
        """The place `rows` rows further, or after the last complete row."""
        ...

    def read(self, spot: Spot, rows: int, columns: Sequence[str] | None, types: Types) -> list[pa.Table]:
        """The next `rows` rows, in pieces; of `columns` those that are there."""
        ...

    def stream(self, columns: Sequence[str] | None, types: Types) -> Iterator[pa.Table]:
        """All rows from the first on, a few at a time, so that no more than these are held."""
        ...

    def ended(self, spot: Spot) -> bool:
        """Whether nothing at all follows, not even a row that is still being written."""
        ...

    def digest(self, spot: Spot) -> str:
        """A short fingerprint of what stands before `spot`: it tells growing from rewriting."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
