"""How far a production source was read: enough to go on in a later process, and to notice what changed behind it.

The size is bounded: of the files read to their end, the last few are remembered by name, the others as a count.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from duetmind_adaptive.errors import SourceError

#: files read to their end that are remembered by name
REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read to its end."""

    name: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class OpenFile:
    """The file that the next row is looked for in, as it was when it was last read."""

    name: str
    size: int
    modified_ns: int
    #: of this file, already read or left out before the start of the selection
    rows: int
    #: bytes before the next row; 0 for Parquet
    offset: int
    #: of what was read; see `TableFile.digest`
    digest: str
    #: True when nothing followed the rows read, so that the file may be rotated away
    ended: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Why the last look found no complete window; it holds until the files change or the time comes."""

    reason: str
    rows: int
    #: fingerprint of the listing: names, sizes, times
    listing: str
    #: UTC microseconds at which the waiting rows become a window even if no later row comes
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a cursor knows of the files."""

    #: rows of the files before the selection's first row (so far, while it has not begun)
    skipped: int = 0
    #: whether the selection's first row was found
    begun: bool = False
    #: read to their end, oldest first
    read: tuple[ReadFile, ...] = ()
    #: more files read to their end, before those
    forgotten: int = 0
    #: None: the next row is in the first file after those read
    open: OpenFile | None = None
    #: UTC microseconds; the end of the last window cut by time
    boundary: int | None = None
    pause: Pause | None = None

    def after(self, passed: tuple[ReadFile, ...], current: OpenFile | None) -> Progress:
        """These files were read to their end too, and `current` is where the next row is looked for."""
        read = (*self.read, *passed)
        return replace(
            self,
            read=read[-REMEMBERED:],
            forgotten=self.forgotten + max(len(read) - REMEMBERED, 0),
            open=current,
            pause=None,
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """Rows `[0, next_row)` of the production selection were read. Goes through JSON unchanged.

    >>> Cursor.from_json(Cursor.start().to_json()) == Cursor.start()
    True
    """

    next_row: int = 0
    files: Progress = field(default_factory=Progress)

    @classmethod
    def start(cls) -> Cursor:
        """Before the first row."""
        return cls()

    def to_json(self) -> str:
        """As the store keeps it."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, document: str) -> Cursor:
        """Raises SourceError when `document` is no cursor."""
        try:
            stored: dict[str, Any] = json.loads(document)
            return cls(int(stored["next_row"]), _progress(stored["files"]))
        except (ValueError, TypeError, KeyError) as bad:
            raise SourceError("the stored cursor cannot be read; was it written by a newer version?") from bad


def _progress(stored: dict[str, Any]) -> Progress:
    parts: dict[str, Any] = {
        "read": tuple(ReadFile(**file) for file in stored["read"]),
        "open": OpenFile(**stored["open"]) if stored["open"] else None,
        "pause": Pause(**stored["pause"]) if stored["pause"] else None,
    }
    return Progress(**(stored | parts))
