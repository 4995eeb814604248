"""Production data, window by window: every row once, in order, whatever happens to the files in between.

Rows are counted from 0 at the first row of the selection. A window by rows is complete when its rows are there; one
by time when a later row is, when the selection ends, or when the rows stopped and the clock is one window past its
end. A poll that finds the files as the cursor's last pause left them costs a listing and no read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from duetmind_adaptive.errors import ConfigError, SourceTruncatedError
from duetmind_adaptive.records import Window
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.cursor import Cursor, Pause
from duetmind_adaptive.sources.feed import Feed, Passed, Place
from duetmind_adaptive.sources.files import DataFile, existing_files, list_files
from duetmind_adaptive.sources.history import locate
from duetmind_adaptive.sources.reference import reference_types
from duetmind_adaptive.sources.resume import progress_at, resume
from duetmind_adaptive.sources.selection import Selection
from duetmind_adaptive.sources.timestamps import MISSING, from_microseconds, microseconds, to_microseconds
from duetmind_adaptive.sources.windows import Cut, next_cut, slot_ends

#: why there is no window
SELECTION_NOT_BEGUN = "selection_not_begun"
SELECTION_OVER = "selection_over"
TOO_FEW_ROWS = "too_few_rows"
WINDOW_OPEN = "window_open"


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


@dataclass(frozen=True)
class _Step:
    """A cut at a place: what a window is made of."""

    place: Place
    cut: Cut
    passed: tuple[Passed, ...] = ()


class ProductionSource:
    """The production files of one model.

    Parameters
    ----------
    model
        Its `production`, `reference` (for the types of CSV columns), `timestamp` and `labels.key` are used.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._path = model.production.path
        self._selection = Selection.of(model.production, model.timestamp)
        window = model.production.window
        if window.every is not None and model.timestamp is None:
            raise ConfigError(f"models.{model.name}: windows by time need a `timestamp` column; name it in the config")
        self._rows = window.rows
        self._every = window.every // timedelta(microseconds=1) if window.every else 0
        self._cursor: Cursor | None = None

    def next_window(self, cursor: Cursor, *, now: datetime) -> WindowRead | Nothing:
        """The first complete window after `cursor`, or the named reason why there is none yet.

        Raises a SourceError whose sentence names the file and how to mend it; the cursor stays good.
        """
        self._cursor = cursor
        files = self._files(cursor)
        listing, moment = _fingerprint(files), to_microseconds(now)
        pause = cursor.files.pause
        if pause and pause.listing == listing and (pause.until is None or moment < pause.until):
            return Nothing(pause.reason, pause.rows, cursor)
        with self._feed(files) as feed:
            place, progress = resume(feed, cursor.files)
            cursor = Cursor(cursor.next_row, replace(progress, pause=None))
            cursor, place = self._begun(feed, cursor, place)
            step = self._step(feed, cursor, place)
            by_clock = step.cut.end + self._every if self._every and step.cut.end is not None else None
            if step.cut.complete or (step.cut.rows and by_clock is not None and moment >= by_clock):
                return self._window(feed, cursor, step)
            pause = Pause(self._reason(cursor, step), step.cut.rows, listing, by_clock if step.cut.rows else None)
            waiting = Cursor(cursor.next_row, replace(cursor.files, pause=pause))
            return Nothing(pause.reason, pause.rows, waiting)

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
            place = locate(feed, self._selection, cursor, first_row, last_row)
            table = feed.read(place, last_row - first_row, columns)
        if table.num_columns and table.num_rows < last_row - first_row:
            raise SourceTruncatedError(
                f"{self._path}: has only {table.num_rows} rows from row {first_row} on, "
                f"{last_row - first_row} were asked for; restore the files"
            )
        return table

    def latest_window(self, *, now: datetime) -> WindowRead | Nothing:
        """The last complete window of what is there, counted from the first file there is."""
        with self._feed(existing_files(self._path)) as feed:
            cursor, place = self._begun(feed, Cursor.start(), Place())
            first, cut = self._last_cut(feed, cursor, place, to_microseconds(now))
            if not cut.complete:
                step = _Step(place, cut)
                return Nothing(self._reason(cursor, step), cut.rows, cursor)
            before = feed.walk(place, first)
            step = _Step(before.place, cut, before.passed)
            return self._window(feed, replace(cursor, next_row=first), step)

    def _files(self, cursor: Cursor) -> tuple[DataFile, ...]:
        progress = cursor.files
        may_be_gone = bool(progress.read) or progress.open is not None
        return list_files(self._path) if may_be_gone else existing_files(self._path)

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
        start = self._selection.begin(feed, place, progress.skipped)
        progress = progress_at(feed, progress, start.place, start.passed)
        return Cursor(0, replace(progress, skipped=start.skipped, begun=start.found)), start.place

    def _step(self, feed: Feed, cursor: Cursor, place: Place) -> _Step:
        progress = cursor.files
        if not progress.begun:
            return _Step(place, Cut(0, None, complete=False))
        raw_row = progress.skipped + cursor.next_row
        if self._rows is None:
            stretches = self._selection.stretches(feed, place, raw_row)
            return _Step(place, next_cut(stretches, self._every, progress.boundary))
        walk, _ = self._selection.walk(feed, place, raw_row, self._rows)
        return _Step(place, Cut(walk.rows, None, complete=walk.rows == self._rows))

    def _last_cut(self, feed: Feed, cursor: Cursor, place: Place, now: int) -> tuple[int, Cut]:
        """First row and cut of the last complete window."""
        progress = cursor.files
        if not progress.begun:
            return 0, Cut(0, None, complete=False)
        if self._rows is not None:
            rows = self._selection.walk(feed, place, progress.skipped)[0].rows
            whole = rows - rows % self._rows
            return whole - self._rows, Cut(self._rows if whole else rows, None, complete=whole > 0)
        stretches = list(self._selection.stretches(feed, place, progress.skipped))
        ends = slot_ends(
            np.concatenate([np.empty(0, np.int64), *(stretch.stamps for stretch in stretches)]), self._every
        )
        if ends.size and not (stretches[-1].closed or now >= int(ends[-1]) + self._every):
            earlier = ends[ends != ends[-1]]
            ends = earlier if earlier.size else ends
            if not earlier.size:
                return 0, Cut(ends.size, int(ends[-1]), complete=False)
        if not ends.size:
            return 0, Cut(0, None, complete=False)
        first = int(np.searchsorted(ends, ends[-1]))
        return first, Cut(ends.size - first, int(ends[-1]), complete=True)

    def _window(self, feed: Feed, cursor: Cursor, step: _Step) -> WindowRead:
        table = feed.read(step.place, step.cut.rows)
        walk = feed.walk(step.place, step.cut.rows)
        progress = progress_at(feed, cursor.files, walk.place, step.passed + walk.passed)
        if step.cut.end is not None:
            progress = replace(progress, boundary=step.cut.end)
        last_row = cursor.next_row + step.cut.rows
        start, end = self._times(table)
        window = Window(first_row=cursor.next_row, last_row=last_row, start=start, end=end)
        return WindowRead(window, table, Cursor(last_row, progress))

    def _times(self, table: pa.Table) -> tuple[datetime | None, datetime | None]:
        if self._model.timestamp is None:
            return None, None
        stamps = microseconds(table[self._model.timestamp])
        known = stamps[stamps != MISSING]
        if not known.size:
            return None, None
        return from_microseconds(int(known[0])), from_microseconds(int(known[-1]))

    def _reason(self, cursor: Cursor, step: _Step) -> str:
        if not cursor.files.begun:
            return SELECTION_NOT_BEGUN
        if self._selection.closes_at(cursor.files.skipped + cursor.next_row + step.cut.rows) == 0:
            return SELECTION_OVER
        return TOO_FEW_ROWS if self._rows is not None else WINDOW_OPEN


def _fingerprint(files: Sequence[DataFile]) -> str:
    facts = repr([(file.name, file.size, file.modified_ns) for file in files])
    return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()
