"""Reads rows across files as if they were one, opening each file only when its rows are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.errors import ColumnMissingError, ConfigError
from duetmind_adaptive.sources.arrow_types import TEXT, Types, common_types, stack
from duetmind_adaptive.sources.csv_file import CsvFile
from duetmind_adaptive.sources.files import DataFile
from duetmind_adaptive.sources.parquet_file import ParquetFile
from duetmind_adaptive.sources.plugged import PluggedRows
from duetmind_adaptive.sources.spot import START, Spot, TableFile
from duetmind_adaptive.sources.timestamps import as_moments, microseconds

#: rows of the first look ahead for a moment; each further look is four times as far, up to the limit
FIRST_LOOK, LOOK_LIMIT = 1 << 12, 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Before a row of the whole: in file number `index` (the number of files = after them all), at `spot`."""

    index: int = 0
    spot: Spot = START


@dataclass(frozen=True, slots=True)
class Passed:
    """A file that was read to its end."""

    file: DataFile
    rows: int


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk over rows ended, how many rows it crossed, and which files it left behind."""

    place: Place
    rows: int
    passed: tuple[Passed, ...] = ()


class Feed:
    """Files in order, as rows. Use it as a context: it closes what it opened.

    Parameters
    ----------
    files
        In reading order.
    required
        Columns that every file must have; ColumnMissingError names file and column otherwise.
    timestamp
        Column that is brought to UTC moments wherever it is read.
    types
        Gives the types of text columns; asked once, and only when there is text to parse.
    at_rest
        True when no file will be appended to, so that a last line without newline counts.
    encoded
        True when texts of Parquet files may come dictionary-encoded.
    """

    def __init__(
        self,
        files: Sequence[DataFile],
        *,
        required: Sequence[str] = (),
        timestamp: str | None = None,
        types: Callable[[], Types] = dict,
        at_rest: bool = False,
        encoded: bool = False,
    ) -> None:
        self.files = tuple(files)
        self._required = tuple(required)
        self._timestamp = timestamp
        self._types_of = types
        self._types: Types | None = None
        self._at_rest = at_rest
        self._encoded = encoded
        self._open: dict[int, TableFile] = {}

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def walk(self, place: Place, rows: int) -> Walk:
        """Cross `rows` rows, or all complete ones when there are fewer; nothing is parsed."""
        left, passed = rows, list[Passed]()
        while left > 0 and place.index < len(self.files):
            opened = self.opened(place.index)
            spot = opened.advance(place.spot, left)
            left -= spot.row - place.spot.row
            place = Place(place.index, spot)
            if left > 0:
                if not self._is_over(place.index):
                    break
                passed.append(Passed(opened.file, spot.row))
                place = Place(place.index + 1)
        return Walk(place, rows - left, tuple(passed))

    def read(self, place: Place, rows: int, columns: Sequence[str] | None = None) -> pa.Table:
        """The next `rows` rows (fewer where the files end); a column that only some files have is null elsewhere."""
        types = self._text_types(place)
        pieces = list(self._pieces(place, rows, columns, types))
        torn = _torn_columns(pieces)
        if torn:
            pieces = list(self._pieces(place, rows, columns, {**types, **dict.fromkeys(torn, TEXT)}))
        return stack(pieces)

    def looks(self, place: Place) -> Iterator[NDArray[np.int64]]:
        """The timestamps from `place` on as UTC microseconds, a stretch at a time, until the rows end."""
        if self._timestamp is None:
            raise ConfigError("rows cannot be chosen by time without a `timestamp` column; name it in the config")
        look = FIRST_LOOK
        while (walk := self.walk(place, look)).rows:
            yield microseconds(self.read(place, walk.rows, [self._timestamp])[self._timestamp])
            place, look = walk.place, min(look * 4, LOOK_LIMIT)

    def opened(self, index: int) -> TableFile:
        """File number `index`, opened at its first use and checked for the required columns."""
        if index not in self._open:
            file, over = self.files[index], self._is_over(index)
            self._open[index] = opened = self._opened(file, over=over)
            self._check_columns(opened)
        return self._open[index]

    def _opened(self, file: DataFile, *, over: bool) -> TableFile:
        if file.source is not None:
            return PluggedRows(file, file.source)
        if file.is_parquet:
            return ParquetFile(file, over=over, encoded=self._encoded)
        return CsvFile(file, over=over or self._at_rest)

    def _is_over(self, index: int) -> bool:
        return index + 1 < len(self.files)

    def _text_types(self, place: Place) -> Types:
        if all(file.is_typed for file in self.files[place.index :]):
            return {}
        if self._types is None:
            self._types = {name: kind for name, kind in self._types_of().items() if name != self._timestamp}
        return self._types

    def _pieces(self, place: Place, rows: int, columns: Sequence[str] | None, types: Types) -> Iterator[pa.Table]:
        while rows > 0 and place.index < len(self.files):
            opened = self.opened(place.index)
            before = rows
            for table in opened.read(place.spot, before, columns, types):
                rows -= table.num_rows
                yield self._with_moments(table, opened.file)
            if rows == before:  # nothing there, or none of the columns
                rows -= opened.advance(place.spot, before).row - place.spot.row
            place = Place(place.index + 1)

    def _with_moments(self, table: pa.Table, file: DataFile) -> pa.Table:
        name = self._timestamp
        if name is None or name not in table.column_names:
            return table
        at = table.column_names.index(name)
        return table.set_column(at, name, as_moments(table[name], f"{file.path}: timestamp column '{name}'"))

    def _check_columns(self, opened: TableFile) -> None:
        if opened.names is None:
            return
        for name in self._required:
            if name not in opened.names:
                there = ", ".join(opened.names[:40])
                raise ColumnMissingError(
                    f"{opened.file.path}: has no column '{name}', which the config names; its columns are {there}"
                )


def _torn_columns(pieces: Sequence[pa.Table]) -> list[str]:
    """Columns that are text in one piece and something else in another, so that values were already reshaped."""
    plain = (TEXT, pa.null())
    shaped = {field.name for piece in pieces for field in piece.schema if field.type not in plain}
    return [name for name, kind in common_types(pieces).items() if kind == TEXT and name in shaped]
