"""Production data, window by window: every row once, in order, whatever happens to the files in between.

Rows are counted from 0 at the first row of the selection. A window by rows is complete when its rows are there; one
by time when a later row is, when the selection ends, or when the rows stopped and the clock is one window past its
end. A poll that finds the files as the cursor's last pause left them costs a listing and no read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from duetmind_adaptive.errors import SourceTruncatedError
from duetmind_adaptive.records import Window
from duetmind_adaptive.sources.cursor import Cursor, Pause
from duetmind_adaptive.sources.cutter import Cutter
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.files import DataFile
from duetmind_adaptive.sources.history import locate
from duetmind_adaptive.sources.plugged import files_of
from duetmind_adaptive.sources.reference import reference_types
from duetmind_adaptive.sources.resume import progress_at, resume
from duetmind_adaptive.sources.timestamps import MISSING, from_microseconds, microseconds, to_microseconds
from duetmind_adaptive.sources.windows import Cut

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Model


@dataclass(frozen=True)
class WindowRead:
    """A window, its rows, and the cursor after it."""

    window: Window
    table: pa.Table
    cursor: Cursor


@dataclass(frozen=True)
class Nothing:
    """No complete window yet, and why: not an error.

    `cursor` stands where the given one did; kept instead of it, it makes the next poll a mere listing.
    """

    reason: str
    rows_waiting: int
    cursor: Cursor


class ProductionSource:
    """The production files of one model.

    Parameters
    ----------
    model
        Its `production`, `reference` (for the types of CSV columns), `timestamp` and `labels.key` are used.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._path = model.production.named
        self._cutter = Cutter.of(model)
        self._cursor: Cursor | None = None

    def next_window(self, cursor: Cursor, *, now: datetime) -> WindowRead | Nothing:
        """The first complete window after `cursor`, or the named reason why there is none yet.

        Raises a SourceError whose sentence names the file and how to mend it; the cursor stays good.
        """
        self._cursor = cursor
        files, moment = self._files(cursor), to_microseconds(now)
        listing = _fingerprint(files, self._cutter)
        pause = cursor.files.pause
        if pause and pause.listing == listing and (pause.until is None or moment < pause.until):
            return Nothing(pause.reason, pause.rows, cursor)
        with self._feed(files) as feed:
            place, progress = resume(feed, cursor.files)
            cursor, place = self._begun(feed, replace(cursor, files=replace(progress, pause=None)), place)
            cut = self._cutter.next(feed, place, cursor.files, cursor.next_row, moment)
            if cut.complete:
                return self._window(feed, cursor, place, cut)
        return self._nothing(cursor, cut, listing)

    def read(
        self, first_row: int, last_row: int, columns: Sequence[str] | None = None, *, cursor: Cursor | None = None
    ) -> pa.Table:
        """Rows `[first_row, last_row)` again; of Parquet only the row groups and columns they need are read.

        Parameters
        ----------
        columns
            Those to read, all by default; one that no file has is left out.
        cursor
            Tells how many rows were in files that have been rotated away; by default that of the last
            `next_window`. Without any, rows are counted from the first file there is.
        """
        cursor = cursor or self._cursor or Cursor.start()
        with self._feed(self._files(cursor)) as feed:
            place = locate(feed, self._cutter.selection, cursor, first_row, last_row)
            table = feed.read(place, last_row - first_row, columns)
        if table.num_columns and table.num_rows < last_row - first_row:
            raise SourceTruncatedError(
                f"{self._path}: has only {table.num_rows} rows from row {first_row} on, "
                f"{last_row - first_row} were asked for; restore the files"
            )
        return table

    def latest_window(self, *, now: datetime) -> WindowRead | Nothing:
        """The last complete window of what is there, counted from the first file there is."""
        files = files_of(self._model.production)
        with self._feed(files) as feed:
            cursor, place = self._begun(feed, Cursor.start(), Place())
            first, cut = self._cutter.last(feed, place, cursor.files, to_microseconds(now))
            if not cut.complete:
                return self._nothing(cursor, cut, _fingerprint(files, self._cutter))
            walk = feed.walk(place, first)
            progress = progress_at(feed, cursor.files, walk.place, walk.passed)
            return self._window(feed, Cursor(first, progress), walk.place, cut)

    def _files(self, cursor: Cursor) -> tuple[DataFile, ...]:
        progress = cursor.files
        may_be_gone = bool(progress.read) or progress.open is not None
        return files_of(self._model.production, may_be_gone=may_be_gone)

    def _feed(self, files: Sequence[DataFile]) -> Feed:
        model = self._model
        required = (model.timestamp, model.labels.key)
        return Feed(
            files,
            required=[name for name in required if name is not None],
            timestamp=model.timestamp,
            types=lambda: reference_types(model),
        )

    def _begun(self, feed: Feed, cursor: Cursor, place: Place) -> tuple[Cursor, Place]:
        progress = cursor.files
        if progress.begun:
            return cursor, place
        start = self._cutter.selection.begin(feed, place, progress.skipped)
        progress = progress_at(feed, progress, start.place, start.passed)
        return Cursor(0, replace(progress, skipped=start.skipped, begun=start.found)), start.place

    def _window(self, feed: Feed, cursor: Cursor, place: Place, cut: Cut) -> WindowRead:
        table = feed.read(place, cut.rows)
        walk = feed.walk(place, cut.rows)
        progress = progress_at(feed, cursor.files, walk.place, walk.passed)
        last_row = cursor.next_row + cut.rows
        start, end = self._times(table)
        window = Window(first_row=cursor.next_row, last_row=last_row, start=start, end=end)
        return WindowRead(window, table, Cursor(last_row, replace(progress, boundary=cut.end)))

    def _nothing(self, cursor: Cursor, cut: Cut, listing: str) -> Nothing:
        reason = self._cutter.reason(cut, cursor.files, cursor.next_row)
        pause = Pause(reason, cut.rows, listing, self._cutter.until(cut))
        return Nothing(reason, cut.rows, replace(cursor, files=replace(cursor.files, pause=pause)))

    def _times(self, table: pa.Table) -> tuple[datetime | None, datetime | None]:
        if self._model.timestamp is None:
            return None, None
        stamps = microseconds(table[self._model.timestamp])
        known = stamps[stamps != MISSING]
        if not known.size:
            return None, None
        return from_microseconds(int(known[0])), from_microseconds(int(known[-1]))


def _fingerprint(files: Sequence[DataFile], cutter: Cutter) -> str:
    """Tells whether a listing, or what is looked for in it, changed."""
    facts = repr([(file.name, file.size, file.modified_ns) for file in files]) + repr(cutter)
    return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()
