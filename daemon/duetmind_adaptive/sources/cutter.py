"""Cuts the selected production rows into windows: how many rows the next one has, and where the last one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.sources.cursor import Progress
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.selection import Selection
from duetmind_adaptive.sources.windows import Cut, believable, next_cut, slot_ends

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Model

#: why there is no window
SELECTION_NOT_BEGUN = "selection_not_begun"
SELECTION_OVER = "selection_over"
TOO_FEW_ROWS = "too_few_rows"
WINDOW_OPEN = "window_open"

NO_ROWS = Cut(0, None, complete=False)


@dataclass(frozen=True, slots=True)
class Cutter:
    """The model's selection and its windows: `rows` each, or all rows of `every` microseconds (0 = by rows)."""

    selection: Selection
    rows: int
    every: int

    @classmethod
    def of(cls, model: Model) -> Cutter:
        """As the model's settings say; raises ConfigError when they need a timestamp that has no column."""
        window = model.production.window
        if window.every is not None and model.timestamp is None:
            raise ConfigError(f"models.{model.name}: windows by time need a `timestamp` column; name it in the config")
        every = window.every // timedelta(microseconds=1) if window.every else 0
        return cls(Selection.of(model.production, model.timestamp), window.rows or 0, every)

    def next(self, feed: Feed, place: Place, progress: Progress, next_row: int, now: int) -> Cut:
        """The window that begins at `place`; not complete when its rows are not all there."""
        if not progress.begun:
            return NO_ROWS
        raw_row = progress.skipped + next_row
        if not self.every:
            walk, closed = self.selection.walk(feed, place, raw_row, self.rows)
            return Cut(walk.rows, None, complete=walk.rows == self.rows, closed=closed)
        stretches = self.selection.stretches(feed, place, raw_row)
        cut = next_cut(stretches, self.every, progress.boundary, latest=now + self.every)
        return cut.completed() if cut.rows and self._stopped(cut.end, now) else cut

    def last(self, feed: Feed, place: Place, progress: Progress, now: int) -> tuple[int, Cut]:
        """First row and extent of the last complete window, counted from `place`, the first selected row."""
        if not progress.begun:
            return 0, NO_ROWS
        if not self.every:
            rows = self.selection.walk(feed, place, progress.skipped)[0].rows
            whole = rows - rows % self.rows
            return max(whole - self.rows, 0), Cut(self.rows if whole else rows, None, complete=whole > 0)
        return self._last_by_time(feed, place, progress.skipped, now)

    def until(self, cut: Cut) -> int | None:
        """When the waiting rows of `cut` become a window although no later row comes."""
        return cut.end + self.every if cut.rows and cut.end is not None and self.every else None

    def reason(self, cut: Cut, progress: Progress, next_row: int) -> str:
        """Why `cut` is no window yet."""
        if not progress.begun:
            return SELECTION_NOT_BEGUN
        if cut.closed or self.selection.closes_at(progress.skipped + next_row + cut.rows) == 0:
            return SELECTION_OVER
        return WINDOW_OPEN if self.every else TOO_FEW_ROWS

    def _last_by_time(self, feed: Feed, place: Place, raw_row: int, now: int) -> tuple[int, Cut]:
        stretches = list(self.selection.stretches(feed, place, raw_row))
        if not stretches:
            return 0, NO_ROWS
        stamps = believable(np.concatenate([stretch.stamps for stretch in stretches]), now + self.every)
        ends = slot_ends(stamps, self.every)
        if ends.size and not (stretches[-1].closed or self._stopped(int(ends[-1]), now)):
            waiting = int(np.count_nonzero(ends == ends[-1]))
            if waiting == ends.size:
                return 0, Cut(waiting, int(ends[-1]), complete=False)
            ends = ends[:-waiting]
        if not ends.size:
            return 0, NO_ROWS
        first = int(np.searchsorted(ends, ends[-1]))
        return first, Cut(ends.size - first, int(ends[-1]), complete=True)

    def _stopped(self, end: int | None, now: int) -> bool:
        """Whether a window that ends at `end` is over by the clock."""
        return end is not None and now >= end + self.every
