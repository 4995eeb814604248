"""Rows from a source of an installed package, as one file that grows: windows, cursors and selections work on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
from pydantic import SecretStr

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Source
from duetmind_adaptive.errors import ConfigError, PluginError, SourceError
from duetmind_adaptive.settings.secrets import resolve_secrets
from duetmind_adaptive.sources.arrow_types import Types, plain_table
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.sources.files import DataFile, existing_files, list_files
from duetmind_adaptive.sources.row_digest import row_digest
from duetmind_adaptive.sources.spot import Spot

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import ReferenceSettings, SourceSettings

T = TypeVar("T")
#: rows asked for in one go
BATCH = 1 << 16


def files_of(settings: ReferenceSettings, *, may_be_gone: bool = False) -> tuple[DataFile, ...]:
    """What a model's rows are read from: its files, or its source as it is now.

    Raises
    ------
    SourceError
        There is none (unless files `may_be_gone`), or the source cannot be made or asked; one sentence says why.
    """
    if settings.source is None:
        return list_files(settings.path) if may_be_gone else existing_files(settings.path)
    return (_listed(settings.source),)


def _listed(settings: SourceSettings) -> DataFile:
    name = f"source {settings.type}"
    rows = SafeSource(settings)
    count = rows.count()
    return DataFile(name, Path(name), count, 0, rows)


class SafeSource:
    """A source whose failures are sentences, in which none of its secrets is quoted."""

    def __init__(self, settings: SourceSettings) -> None:
        self._what = f"source {settings.type}"
        try:
            options = resolve_secrets(settings.options, os.environ, Path("/"))
        except ConfigError as error:
            raise SourceError(f"{self._what}: {error}") from error
        self._secrets = tuple(_secrets(options))
        self._source: Source = self._guarded(lambda: plugins.make(plugins.SOURCES, settings.type, **options))

    def count(self) -> int:
        """How many rows there are now."""
        count = self._guarded(self._source.rows)
        if not isinstance(count, int) or count < 0:  # pyright: ignore[reportUnnecessaryIsInstance] - another's code
            raise SourceError(f"{self._what}: says that it has {count!r} rows; `rows` must give a count")
        return count

    def read(self, first: int, last: int, columns: Sequence[str] | None) -> pa.Table:
        """Rows `[first, last)` in plain types; of `columns` those that are there."""
        frame = self._guarded(lambda: self._source.read(first, last))
        table = self._guarded(lambda: plain_table(pa.table(frame)))
        if table.num_rows != last - first:
            raise SourceError(
                f"{self._what}: gave {table.num_rows} rows where {last - first} were asked for, {first} to {last - 1}"
            )
        return table if columns is None else table.select(keep(table.column_names, columns))

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            return plugins.guarded(call, f"{self._what}: failed")
        except PluginError as error:
            raise SourceError(self._masked(str(error))) from None

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class PluggedRows:
    """The `TableFile` of a source."""

    def __init__(self, file: DataFile, source: SafeSource) -> None:
        self.file = file
        self._source = source
        self._names: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns of its first row; None while there is none."""
        if self._names is None and self.file.size:
            self._names = tuple(self._source.read(0, 1, None).column_names)
        return self._names

    def advance(self, spot: Spot, rows: int) -> Spot:
        """The place `rows` rows further, or after the last row there was when it was listed."""
        return Spot(min(spot.row + rows, max(self.file.size, spot.row)))

    def read(self, spot: Spot, rows: int, columns: Sequence[str] | None, types: Types) -> list[pa.Table]:  # noqa: ARG002 - types are the source's own
        """The next `rows` rows, in pieces."""
        last = min(spot.row + rows, self.file.size)
        starts = range(spot.row, last, BATCH)
        pieces = [self._source.read(first, min(first + BATCH, last), columns) for first in starts]
        return pieces or [self._source.read(spot.row, spot.row, columns)]

    def stream(self, columns: Sequence[str] | None, types: Types) -> Iterator[pa.Table]:  # noqa: ARG002 - as of `read`
        """All rows, `BATCH` at a time."""
        for first in range(0, self.file.size, BATCH):
            yield self._source.read(first, min(first + BATCH, self.file.size), columns)

    def ended(self, spot: Spot) -> bool:
        """Whether `spot` is after the last row."""
        return spot.row >= self.file.size

    def digest(self, spot: Spot) -> str:
        """Fingerprint of the row before `spot`."""
        return row_digest(self._source.read(spot.row - 1, spot.row, None)) if spot.row else ""

    def close(self) -> None:
        """Nothing is held open."""


def _secrets(value: Any) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case dict():
            for inner in value.values():
                yield from _secrets(inner)
        case list():
            for inner in value:
                yield from _secrets(inner)
        case _:
            return
