"""Finds a cursor's place again among the files as they are now, and makes one for the place reached.

What may change behind a cursor: the file it stands in may grow, files read to their end may go (rotation), shrink or
be touched, later files may come. Everything else would lose rows or read them twice, and is an error that says which
file and what to do.
"""

from __future__ import annotations

from duetmind_adaptive.errors import SourceIncompleteError, SourceMissingError, SourceOrderError, SourceTruncatedError
from duetmind_adaptive.sources.cursor import OpenFile, Progress, ReadFile
from duetmind_adaptive.sources.feed import Feed, Passed, Place
from duetmind_adaptive.sources.spot import ALL_ROWS, Spot

_MEND = "restore it, or put new rows into a new file whose name sorts after it"


def resume(feed: Feed, progress: Progress) -> tuple[Place, Progress]:
    """The place of the next row, and the progress without an open file that has gone.

    Raises SourceTruncatedError, SourceMissingError or SourceOrderError, as the module's first paragraph tells.
    """
    progress = _without_gone_file(feed, progress)
    _check_order(feed, progress)
    _check_grown(feed, progress)
    current = progress.open
    if current is not None:
        index = next(index for index, file in enumerate(feed.files) if file.name == current.name)
        if not _is_done_with(feed, index, current):
            _check_unchanged(feed, index, current)
            return Place(index, Spot(current.rows, current.offset)), progress
        progress = _closed(progress, current)
    last = progress.read[-1].name if progress.read else ""
    return Place(sum(file.name <= last for file in feed.files)), progress


def progress_at(feed: Feed, progress: Progress, place: Place, passed: tuple[Passed, ...]) -> Progress:
    """The progress once `passed` were read to their end and the next row is at `place`."""
    read = tuple(ReadFile(done.file.name, done.file.size, done.rows) for done in passed)
    if place.index == len(feed.files):
        return progress.after(read, None)
    opened, spot = feed.opened(place.index), place.spot
    file = opened.file
    current = OpenFile(
        name=file.name,
        size=file.size,
        modified_ns=file.modified_ns,
        rows=spot.row,
        offset=spot.offset,
        digest=opened.digest(spot),
        ended=opened.ended(spot),
    )
    return progress.after(read, current)


def _without_gone_file(feed: Feed, progress: Progress) -> Progress:
    current = progress.open
    if current is None or any(file.name == current.name for file in feed.files):
        return progress
    if not current.ended:
        raise SourceMissingError(
            f"{current.name}: is gone although it was not read to its end ({current.rows} rows were); put it back"
        )
    return _closed(progress, current)


def _closed(progress: Progress, current: OpenFile) -> Progress:
    return progress.after((ReadFile(current.name, current.size, current.rows),), None)


def _is_done_with(feed: Feed, index: int, current: OpenFile) -> bool:
    """Read to its end, followed by a later file and not grown since: whatever else became of it does not matter."""
    return current.ended and index + 1 < len(feed.files) and feed.files[index].size <= current.size


def _check_order(feed: Feed, progress: Progress) -> None:
    known = {file.name for file in progress.read}
    reached = progress.open.name if progress.open else (progress.read[-1].name if progress.read else "")
    oldest = progress.read[0].name if progress.read else reached
    before = [file for file in feed.files if file.name < reached and file.name not in known]
    late = [file for file in before if file.name > oldest] or before[: len(before) - progress.forgotten]
    if len(before) > progress.forgotten or any(file.name > oldest for file in before):
        raise SourceOrderError(
            f"{late[0].path}: sorts before {reached}, which was already read, so its rows would be skipped; give new "
            "files names that sort after all earlier ones"
        )


def _check_grown(feed: Feed, progress: Progress) -> None:
    sizes = {file.name: file for file in progress.read}
    for index, file in enumerate(feed.files):
        was = sizes.get(file.name)
        if was is None or file.size <= was.size:
            continue
        rows = feed.opened(index).advance(Spot(), ALL_ROWS).row
        if rows > was.rows:
            raise SourceOrderError(
                f"{file.path}: grew from {was.rows} to {rows} rows after a later file was begun, so they would be "
                "skipped; move them to a new file whose name sorts after all earlier ones"
            )


def _check_unchanged(feed: Feed, index: int, current: OpenFile) -> None:
    file = feed.files[index]
    if (file.size, file.modified_ns) == (current.size, current.modified_ns):
        return
    shrunk = file.size < current.size
    try:
        opened = feed.opened(index)
    except SourceIncompleteError as cut:
        if shrunk:
            raise SourceTruncatedError(
                f"{file.path}: was cut off: it has {file.size} bytes, but had {current.size} when {current.rows} rows "
                f"were read from it; {_MEND}"
            ) from cut
        raise
    if shrunk or file.is_typed:
        rows = opened.advance(Spot(), ALL_ROWS).row
        if rows < current.rows:
            raise SourceTruncatedError(
                f"{file.path}: has {rows} rows, but {current.rows} were already read from it; {_MEND}"
            )
    if opened.digest(Spot(current.rows, current.offset)) != current.digest:
        raise SourceTruncatedError(
            f"{file.path}: was rewritten: the {current.rows} rows already read from it are no longer the same; {_MEND}"
        )
