"""One daemon per state folder: a lock that the kernel lets go of, however the daemon dies."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from duetmind_adaptive.errors import StoreBusyError, StoreError

LOCK_NAME = "daemon.lock"


class StateLock:
    """Holds `<state>/daemon.lock` from `with` to its end.

    The lock is a flock(2) on an open file that workers do not inherit (they are started anew, and the file is
    close-on-exec), so it ends with this process. The file stays: removing it would let two daemons lock
    two different files of one name.

    Raises
    ------
    StoreBusyError
        On entry, if another process holds it; the sentence names its pid.
    StoreError
        On entry, if the folder cannot be made or does not support locks.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / LOCK_NAME
        self._file: int | None = None

    def __enter__(self) -> StateLock:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"state folder {self.path.parent} cannot be used: {error.strerror}") from error
        try:
            self._hold(file)
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _hold(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise StoreError(f"{self.path} cannot be locked: {error.strerror}; use a local disk") from error
            holder = os.pread(file, 20, 0).decode(errors="replace").strip() or "unknown"
            message = f"another daemon (pid {holder}) works on {self.path.parent}"
            raise StoreBusyError(f"{message}; stop it or give this one a `state` of its own") from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
