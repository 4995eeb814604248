"""What each job printed, in a file of its own: the beginning whole, of very much the end, and nothing for ever.

A file is appended to by the process that runs the job, read by whoever asks, and removed when it is old. Its names are
the jobs' ids, which the queue gives out.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: bytes that a file begins with; of what follows only the last so many lines are kept
MOST_BYTES, LAST_LINES = 8_000_000, 1_000
#: days until a file is removed that nothing was added to; and bytes of all files, above which the oldest go
KEPT_DAYS, ALL_BYTES = 30, 1_000_000_000
#: bytes read at a time
PIECE = 262_144
#: ids of jobs, which are names of files here
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a job's log."""

    text: str
    #: bytes from the beginning, where the next part begins
    next: int


class JobLogs:
    """The logs of all jobs, in one folder.

    Parameters
    ----------
    folder
        Made when the first job prints.
    clean
        Takes secrets out of a line.
    """

    def __init__(self, folder: Path, clean: Callable[[str], str]) -> None:
        self._folder = folder
        self.clean = clean

    def open(self, job: str) -> JobLog:
        """The log of one job, to be written; another attempt goes on in the same file."""
        return JobLog(self._file(job))

    def read(self, job: str, offset: int = 0) -> Piece:
        r"""What a job printed from `offset` bytes on, whole lines of it; nothing where it printed nothing.

        Examples
        --------
        >>> import tempfile
        >>> logs = JobLogs(Path(tempfile.mkdtemp()), clean=str)
        >>> logs.open("a-job").add(["fold 1", "fold 2"])
        >>> logs.read("a-job", offset=7)
        Piece(text='fold 2\n', next=14)
        """
        try:
            with self._file(job).open("rb") as file:
                file.seek(offset)
                found = file.read(PIECE)
        except FileNotFoundError:
            return Piece("", 0)
        whole = found[: found.rfind(b"\n") + 1]
        return Piece(whole.decode(errors="replace"), offset + len(whole))

    def sweep(self, now: float | None = None) -> int:
        """Remove what is old, and the oldest of too much; how many files that were."""
        oldest = (time.time() if now is None else now) - KEPT_DAYS * 86_400
        kept, removed = 0, 0
        for changed, size, file in sorted(self._found(), reverse=True):
            kept += size
            if changed < oldest or kept > ALL_BYTES:
                file.unlink(missing_ok=True)
                removed += 1
        return removed

    def _found(self) -> Iterator[tuple[float, int, Path]]:
        """When each file was last added to, how large it is, and the file."""
        for file in self._folder.glob("*.log"):
            with contextlib.suppress(FileNotFoundError):
                about = file.stat()
                yield about.st_mtime, about.st_size, file

    def _file(self, job: str) -> Path:
        if not _ID.fullmatch(job):
            raise ValueError(f"{job!r} is no id of a job")
        return self._folder / f"{job}.log"


class JobLog:
    """One job's file while it runs."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._size = 0
        self._left_out = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def add(self, lines: Sequence[str]) -> None:
        """Append lines; those of a file that is full wait for its end."""
        if not self._size:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = b"".join(line.encode() + b"\n" for line in lines)
        if self._left_out or self._size + len(content) > MOST_BYTES:
            self._left_out += len(lines)
            self._last.extend(lines)
            return
        with self._path.open("ab") as file:
            file.write(content)
            self._size = file.tell()

    def close(self) -> None:
        """Say what was left out of a full file, and append its end."""
        if self._left_out:
            between = self._left_out - len(self._last)
            ending = [f"[{between} lines are left out: this log is full]", *self._last]
            with self._path.open("ab") as file:
                file.write(b"".join(line.encode() + b"\n" for line in ending))
