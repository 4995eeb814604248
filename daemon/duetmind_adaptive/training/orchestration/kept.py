"""Results kept in a folder, so that a workflow that was killed goes on where it stood.

One file for each task that has succeeded, whole or not there. A result is taken up again only when it is of the same
work: the same function and arguments and the same results of the tasks before it. It is unpickled only when it carries
the seal (HMAC-SHA256) of the folder's key, which is made with the folder and readable by its owner alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import WorkflowError

KEY = "key"
SUFFIX = ".result"
#: bytes of a seal, of a fingerprint and of the key
_SIZE = 32


def fingerprint(function: bytes, arguments: bytes, needed: Iterable[bytes]) -> bytes:
    """What a result is of: the packed function and arguments, and the results of the tasks before it.

    >>> fingerprint(b"f", b"", [b"1"]) == fingerprint(b"f", b"1", [])
    False
    """
    digest = hashlib.sha256()
    for part in (function, arguments, *needed):
        digest.update(hashlib.sha256(part).digest())
    return digest.digest()


class KeptResults:
    """The folder; one run at a time holds it.

    Raises
    ------
    WorkflowError
        When another run holds it, or it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(folder / KEY, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._key = self._read_key()
        except BlockingIOError as error:
            raise WorkflowError(f"{folder} is used by another run; wait for it, or name another folder.") from error
        except OSError as error:
            raise WorkflowError(f"{folder} cannot keep results: {error.strerror or error}.") from error

    def close(self) -> None:
        """Let others in."""
        os.close(self._handle)

    def load(self, task_id: str, work: bytes) -> bytes | None:
        """The packed result of this work; None when there is none, it is of other work, or somebody else wrote it."""
        try:
            content = self._path(task_id).read_bytes()
        except FileNotFoundError:
            return None
        seal, body = content[:_SIZE], content[_SIZE:]
        sound = hmac.compare_digest(seal, self._seal(task_id, body)) and body[:_SIZE] == work
        return body[_SIZE:] if sound else None

    def save(self, task_id: str, work: bytes, result: bytes) -> None:
        """Keep a packed result; durable when this returns."""
        body = work + result
        write_durably(self._path(task_id), self._seal(task_id, body), body)

    def _read_key(self) -> bytes:
        key = os.read(self._handle, _SIZE)
        if len(key) < _SIZE:  # new, or a kill came between making the file and writing it: no result has its seal
            key = secrets.token_bytes(_SIZE)
            os.pwrite(self._handle, key, 0)
            os.fsync(self._handle)
        return key

    def _seal(self, task_id: str, body: bytes) -> bytes:
        return hmac.digest(self._key, task_id.encode() + b"\0" + body, "sha256")

    def _path(self, task_id: str) -> Path:
        return self._folder / (hashlib.sha256(task_id.encode()).hexdigest()[:40] + SUFFIX)
