"""Which rows of the files count: `rows: [a, b]` by number, `from:`/`to:` by timestamp, both by the order of the rows.

`from` starts at the first row whose timestamp has reached it, `to` ends before the first later row whose timestamp
has; a row that comes late between them stays where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.sources.feed import Feed, Passed, Place, Walk
from duetmind_adaptive.sources.spot import ALL_ROWS
from duetmind_adaptive.sources.timestamps import to_microseconds

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import ReferenceSettings


@dataclass(frozen=True, slots=True)
class Start:
    """How far the search for the first row came: `skipped` rows of the files are before `place`."""

    place: Place
    skipped: int
    found: bool
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Timestamps of consecutive rows; `closed` when the selection ends with them."""

    stamps: NDArray[np.int64]
    closed: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """Bounds in rows of the files, and in UTC microseconds; None is open."""

    first: int
    last: int | None
    since: int | None
    until: int | None

    @classmethod
    def of(cls, settings: ReferenceSettings, timestamp: str | None) -> Selection:
        """The bounds that `settings` states; raises ConfigError when they need a timestamp that has no column."""
        if timestamp is None and (settings.from_ or settings.to):
            raise ConfigError(
                f"{settings.named}: from: and to: need the model's `timestamp` column; name it in the config"
            )
        first, last = settings.rows or (0, None)
        since = to_microseconds(settings.from_) if settings.from_ else None
        return cls(first, last, since, to_microseconds(settings.to) if settings.to else None)

    def begin(self, feed: Feed, place: Place, skipped: int) -> Start:
        """Go from `place`, which has `skipped` rows before it, to the first row, or as far as there are rows."""
        walk = feed.walk(place, max(self.first - skipped, 0))
        skipped += walk.rows
        if skipped < self.first or self.since is None:
            return Start(walk.place, skipped, skipped >= self.first, walk.passed)
        early, found = 0, False
        for stamps in feed.looks(walk.place):
            reached = np.flatnonzero(stamps >= self.since)
            early += int(reached[0]) if reached.size else stamps.size
            if reached.size:
                found = True
                break
        further = feed.walk(walk.place, early)
        return Start(further.place, skipped + early, found, walk.passed + further.passed)

    def closes_at(self, raw_row: int) -> int | None:
        """How many rows are left after `raw_row` rows of the files; None when there is no bound."""
        return None if self.last is None else max(self.last - raw_row, 0)

    def walk(self, feed: Feed, place: Place, raw_row: int, rows: int = ALL_ROWS) -> tuple[Walk, bool]:
        """Cross up to `rows` selected rows; and whether the selection ends there."""
        left = self.closes_at(raw_row)
        closed = left is not None and left <= rows
        walk = feed.walk(place, rows if left is None else min(rows, left))
        closed = closed and walk.rows == left
        if self.until is None:
            return walk, closed
        count = 0
        for stretch in self.stretches(feed, place, raw_row):
            count += stretch.stamps.size
            if stretch.closed or count >= rows:
                closed = stretch.closed and count <= rows
                break
        return feed.walk(place, min(count, rows)), closed

    def stretches(self, feed: Feed, place: Place, raw_row: int) -> Iterator[Stretch]:
        """The timestamps of the selected rows from `place` on, which has `raw_row` rows before it."""
        for stamps in feed.looks(place):
            left = self.closes_at(raw_row)
            end = stamps.size if left is None else min(left, stamps.size)
            closed = left is not None and left <= stamps.size
            if self.until is not None and (over := np.flatnonzero(stamps[:end] >= self.until)).size:
                end, closed = int(over[0]), True
            yield Stretch(stamps[:end], closed)
            if closed:
                return
            raw_row += stamps.size
