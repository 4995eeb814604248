"""A study on disk: one line for each finished trial, appended, with its checksum.

A line is `crc32 json answers`: the checksum in hexadecimal of all that follows, what the trial was and found, and its
answers (float32, base64), from which ensembles are made. A trial is written when it has finished and never before, so
nothing can be left running, and a kill loses at most the trial that ran. A last line torn by a power cut is cut off
when the study is opened again; a damaged line elsewhere is passed over. Writes reach the disk within a second: the
sync runs beside the search, because waiting for the disk would cost more than many a trial's bookkeeping.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.errors import StudyError

SUFFIX = ".study"
#: seconds between syncs, at least
SYNC_EVERY = 1.0
FORMAT = 1

State = Literal["complete", "failed"]
_SAFE = re.compile(r"[\w.@ -]{1,120}")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trial:
    """One finished trial."""

    number: int
    algorithm: str
    params: Mapping[str, Any]
    state: State
    #: the metric, on rows that were not learned from; None where it failed
    score: float | None = None
    #: seconds of work, and since the search began
    seconds: float = 0.0
    at: float = 0.0
    #: bytes of one member
    size: int = 0
    #: why it failed
    reason: str = ""
    #: the rows it learned from and its folds; answers of other rows cannot be mixed with these
    rows: str = ""
    answers: NDArray[Any] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """All but the answers, as plain values."""
        names = ("number", "algorithm", "state", "score", "seconds", "at", "size", "reason", "rows")
        return {**{name: getattr(self, name) for name in names}, "params": dict(self.params)}


class Study:
    """The trials of one name; with a path they are kept, without one they last as long as this object.

    Parameters
    ----------
    path
        File of the study; made if it is not there. It is locked while this object is open.

    Raises
    ------
    StudyError
        When another search has it open, or it cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.trials: list[Trial] = []
        #: lines that were damaged and passed over
        self.damaged = 0
        self._handle: int | None = None
        self._syncer: ThreadPoolExecutor | None = None
        self._sync: Future[None] | None = None
        self._synced = 0.0
        if path is not None:
            self._open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def next_number(self) -> int:
        """The number of the next trial."""
        return max((trial.number for trial in self.trials), default=-1) + 1

    def add(self, trial: Trial) -> None:
        """Keep a finished trial."""
        self.trials.append(trial)
        if self._handle is None:
            return
        _write(self._handle, _parts(trial), self.path)
        if monotonic() - self._synced >= SYNC_EVERY and (self._sync is None or self._sync.done()):
            self._synced = monotonic()
            self._syncer = self._syncer or ThreadPoolExecutor(1, thread_name_prefix="study-sync")
            self._sync = self._syncer.submit(os.fdatasync, self._handle)

    def close(self) -> None:
        """Bring everything to disk and let others in."""
        if self._syncer is not None:
            self._syncer.shutdown(wait=True)
            self._syncer = None
        if self._handle is not None:
            os.fsync(self._handle)
            os.close(self._handle)
            self._handle = None

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = path.read_bytes()
        except BlockingIOError as error:
            self._abandon()
            raise StudyError(f"the study {path} is open in another search; wait for it or use another name") from error
        except OSError as error:
            self._abandon()
            raise StudyError(f"the study {path} cannot be used: {error.strerror or error}") from error
        whole = content.rfind(b"\n") + 1
        os.ftruncate(self._handle, whole)
        os.lseek(self._handle, 0, os.SEEK_END)
        self.trials, self.damaged = unpack(content[:whole])

    def _abandon(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def study_path(folder: Path, name: str) -> Path:
    """The file of a study; raises StudyError for a name that could lead elsewhere.

    >>> study_path(Path("studies"), "loans").as_posix()
    'studies/loans.study'
    """
    if not _SAFE.fullmatch(name) or name.startswith("."):
        raise StudyError(f"the study's name {name[:120]!r} cannot be a file's; use letters, digits, '-', '_' and '.'")
    return folder / f"{name}{SUFFIX}"


def read_study(path: Path) -> list[Trial]:
    """The finished trials of a study, without opening it for writing."""
    try:
        return unpack(path.read_bytes())[0]
    except OSError as error:
        raise StudyError(f"the study {path} cannot be read: {error.strerror or error}") from error


def pack(trial: Trial) -> bytes:
    """The line of a trial."""
    return b"".join(_parts(trial))


def _parts(trial: Trial) -> list[bytes]:
    """The pieces of the line: answers may be half a megabyte, which is not to be copied again and again."""
    answers = trial.answers
    shape = None if answers is None else list(answers.shape)
    packed = b"" if answers is None else base64.b64encode(np.ascontiguousarray(answers, dtype="<f4").data)
    head = json.dumps({"format": FORMAT, **trial.document, "shape": shape}, separators=(",", ":")).encode() + b" "
    return [b"%08x " % zlib.crc32(packed, zlib.crc32(head)), head, packed, b"\n"]


def unpack(content: bytes) -> tuple[list[Trial], int]:
    """The trials of sound lines, each number once, and how many lines are damaged."""
    found, damaged = dict[int, Trial](), 0
    for line in content.split(b"\n"):
        if not line:
            continue
        trial = _parse(line)
        if trial is None:
            damaged += 1
        else:
            found.setdefault(trial.number, trial)
    return list(found.values()), damaged


def _parse(line: bytes) -> Trial | None:
    check, _, body = line.partition(b" ")
    try:
        if int(check, 16) != zlib.crc32(body):
            return None
        head, _, packed = body.rpartition(b" ")
        values = json.loads(head)
        shape = values.pop("shape")
        if values.pop("format") != FORMAT:
            return None
        answers = None if shape is None else np.frombuffer(base64.b64decode(packed), dtype="<f4").reshape(shape)
        return Trial(answers=answers, **values)
    except (ValueError, TypeError, LookupError):
        return None


def _write(handle: int, parts: list[bytes], path: Path | None) -> None:
    """All of them; a short write (a full disk, a signal) is gone on with, or fails by itself."""
    try:
        written, size = os.writev(handle, parts), sum(map(len, parts))
        while written < size:
            written += os.write(handle, b"".join(parts)[written:])
    except OSError as error:
        raise StudyError(f"the study {path} cannot be written: {error.strerror or error}") from error
