"""All rows of files that nobody writes any more, a few columns at a time: what a one-off comparison reads.

Nothing of it needs a config. Parquet gives each column by itself; delimited text has to be parsed whole for any of its
columns, so it is read in as few passes as fit the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, TracebackType

import pyarrow as pa

from duetmind_adaptive.errors import SourceFormatError, SourceMissingError
from duetmind_adaptive.sources.arrow_types import Types
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.files import existing_files
from duetmind_adaptive.sources.spot import ALL_ROWS

#: bytes of decoded values that one read should stay below
READ_BYTES = 1 << 25
#: bytes that a decoded value takes about, its mask and copies aside
VALUE_BYTES = 8
#: bytes of text that are parsed in one pass; larger files are parsed once for each part of their columns
TEXT_BYTES = 1 << 28
#: how much compressed text grows, about
GZIP_RATIO = 5
#: fewest rows that can be compared
FEWEST_ROWS = 2
#: marks that separate fields in files of other programs, and that no reader of this room splits at
_FOREIGN_MARKS = " :^~!#\\\x01\x1e\x1f"


class WholeFiles:
    """The rows of a file, a glob's matches or a folder's files as one table. Use it as a context.

    Parameters
    ----------
    path
        CSV or Parquet, by the files' endings.

    Raises
    ------
    SourceError
        No file is there, one cannot be read, or there are too few rows to compare; the sentence names the file.
    """

    #: columns whose values no Arrow type can hold: a file has none
    unreadable: Mapping[str, str] = MappingProxyType({})

    def __init__(self, path: str) -> None:
        self.path = path
        files = existing_files(path)
        self._feed = Feed(files, at_rest=True, encoded=True)
        self._is_text = not all(file.is_parquet for file in files)
        self._bytes = sum(file.size * (GZIP_RATIO if file.is_gzip else 1) for file in files)
        try:
            self.names = self._names()
            self.rows = self._feed.walk(Place(), ALL_ROWS).rows
            self._check_rows()
        except BaseException:
            self._feed.__exit__(None, None, None)
            raise

    def __enter__(self) -> WholeFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed.__exit__(kind, error, trace)

    @property
    def columns_at_once(self) -> int:
        """How many columns `read` should be asked for in one go."""
        if self._is_text:
            passes = -(-self._bytes // TEXT_BYTES)
            return max(1, -(-len(self.names) // max(passes, 1)))
        return max(1, READ_BYTES // (VALUE_BYTES * max(self.rows, 1)))

    def read(self, columns: list[str], types: Types | None = None) -> pa.Table:
        """All rows of these columns, in plain types, texts of Parquet dictionary-encoded; null where a file lacks one.

        Parameters
        ----------
        columns
            Names that `names` holds.
        types
            What columns of text should become where all their values fit; without it, what they look like.
        """
        if not self._is_text:
            return self._feed.read(Place(), ALL_ROWS, columns)
        with Feed(self._feed.files, types=lambda: types or {}, at_rest=True) as feed:
            return feed.read(Place(), ALL_ROWS, columns)

    def _names(self) -> tuple[str, ...]:
        names = dict[str, None]()
        for index, file in enumerate(self._feed.files):
            held = self._feed.opened(index).names
            if held is None:
                raise SourceMissingError(f"{file.path}: is empty; give a file with a header and rows")
            names.update(dict.fromkeys(held))
        if len(names) == 1:
            self._check_separated(next(iter(names)))
        return tuple(names)

    def _check_separated(self, name: str) -> None:
        """Refuse the one column of a text file whose name and every early value hold the same foreign mark."""
        if not self._is_text:
            return
        values = [str(value) for value in self._feed.read(Place(), 20, [name])[name].drop_null().to_pylist()]
        for mark in _FOREIGN_MARKS:
            count = name.count(mark)
            if count and values and all(value.count(mark) == count for value in values):
                raise SourceFormatError(
                    f"{self.path}: its first line {name[:60]!r} has no delimiter among comma, semicolon, tab and |; "
                    f"it seems to be {mark!r}: write the file with one of these"
                )

    def _check_rows(self) -> None:
        if self.rows >= FEWEST_ROWS:
            return
        held = "a header only, no rows" if not self.rows else "one row only"
        raise SourceMissingError(f"{self.path}: has {held}; a comparison needs at least {FEWEST_ROWS} rows")
