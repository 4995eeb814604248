"""All rows of files that nobody writes any more, in constant memory: for whoever can make do with a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from duetmind_adaptive.errors import SourceMissingError
from duetmind_adaptive.sources.arrow_types import Types
from duetmind_adaptive.sources.feed import Feed
from duetmind_adaptive.sources.files import existing_files


class FileStream:
    """The rows of a file, a glob's matches or a folder's files; each iteration reads them anew.

    Parameters
    ----------
    path
        CSV or Parquet, by the files' endings.
    columns
        Which are wanted; None for all.
    types
        What columns of text should become where all their values fit; without it, what they look like.

    Raises
    ------
    SourceError
        No file is there or one cannot be read; the sentence names it. Also while iterating.
    """

    def __init__(self, path: str, columns: Sequence[str] | None = None, types: Types | None = None) -> None:
        self.path = path
        self._columns = columns
        self._types = types or {}
        self._files = existing_files(path)
        #: whether columns can be read by themselves, so that reading in parts costs no more than reading at once
        self.columnar = all(file.is_parquet for file in self._files)

    def __iter__(self) -> Iterator[pa.Table]:
        for file in self._files:
            with Feed([file], at_rest=True) as feed:
                yield from feed.opened(0).stream(self._columns, self._types)

    def names(self) -> tuple[str, ...]:
        """Columns of any of the files, in order of appearance."""
        found = dict[str, None]()
        for file in self._files:
            with Feed([file], at_rest=True) as feed:
                names = feed.opened(0).names
            if names is None:
                raise SourceMissingError(f"{file.path}: is empty; give a file with a header and rows")
            found.update(dict.fromkeys(names))
        return tuple(found)

    def only(self, columns: Sequence[str], types: Types | None = None) -> FileStream:
        """The same rows, of these columns only."""
        return FileStream(self.path, columns, self._types if types is None else types)
