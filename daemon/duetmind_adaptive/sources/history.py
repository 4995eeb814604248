"""Finds rows that were read before, by their number, although older files may have been rotated away."""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.errors import SourceMissingError, SourceTruncatedError
from duetmind_adaptive.sources.cursor import Cursor, Progress
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.selection import Selection
from duetmind_adaptive.sources.spot import ALL_ROWS, Spot


@dataclass(frozen=True, slots=True)
class _Known:
    """A file and the rows of all files that are before it; `rows` None when it may still grow."""

    name: str
    start: int
    size: int
    rows: int | None


def locate(feed: Feed, selection: Selection, cursor: Cursor, first_row: int, last_row: int) -> Place:
    """The place of row `first_row` of the selection.

    Raises SourceMissingError when some of the rows up to `last_row` were in files that have gone, and
    SourceTruncatedError when such a file has other rows now.
    """
    progress = cursor.files
    if not progress.begun:
        start = selection.begin(feed, Place(), 0)
        return feed.walk(start.place, first_row).place
    raw_row, raw_end = progress.skipped + first_row, progress.skipped + last_row
    known = _known_files(progress, progress.skipped + cursor.next_row)
    if not known or raw_row < known[0].start:
        return _from_forgotten(feed, progress, known, raw_row)
    for file in known:
        if file.start < raw_end and (file.rows is None or file.start + file.rows > raw_row):
            _check_there(feed, file)
    begin = max((file for file in known if file.start <= raw_row), key=lambda file: (file.start, file.name))
    return feed.walk(Place(_index(feed, begin.name)), raw_row - begin.start).place


def _known_files(progress: Progress, raw_row: int) -> list[_Known]:
    """The files that the cursor remembers, oldest first; `raw_row` rows of the files were read."""
    known = list[_Known]()
    start = raw_row
    if progress.open is not None:
        start -= progress.open.rows
        known.append(_Known(progress.open.name, start, progress.open.size, None))
    for file in reversed(progress.read):
        start -= file.rows
        known.insert(0, _Known(file.name, start, file.size, file.rows))
    return known


def _from_forgotten(feed: Feed, progress: Progress, known: list[_Known], raw_row: int) -> Place:
    """A row of a file that only the count remembers: rotation takes the oldest first, so count back from the known."""
    oldest, start = (known[0].name, known[0].start) if known else ("", 0)
    before = [index for index, file in enumerate(feed.files) if file.name < oldest]
    if len(before) == progress.forgotten:
        return feed.walk(Place(), raw_row).place
    for index in reversed(before):
        start -= feed.opened(index).advance(Spot(), ALL_ROWS).row
        if start <= raw_row:
            return feed.walk(Place(index), raw_row - start).place
    raise SourceMissingError(f"row {raw_row - progress.skipped} was in a file that has gone; restore the older files")


def _index(feed: Feed, name: str) -> int:
    return next(index for index, file in enumerate(feed.files) if file.name == name)


def _check_there(feed: Feed, known: _Known) -> None:
    indexes = [index for index, file in enumerate(feed.files) if file.name == known.name]
    if not indexes:
        raise SourceMissingError(f"{known.name}: is gone, and the rows asked for were in it; restore it")
    file = feed.files[indexes[0]]
    if known.rows is None or file.size == known.size:
        return
    rows = feed.opened(indexes[0]).advance(Spot(), ALL_ROWS).row
    if rows != known.rows:
        raise SourceTruncatedError(f"{file.path}: has {rows} rows, it had {known.rows} when they were read; restore it")
