"""How large values go from process to process: their arrays once, as files that every process maps into its memory.

A frame of a gigabyte that eight workers read is a gigabyte, not nine: the pickle names its large buffers (PEP 574,
out-of-band data), each lies in a file called by its sha256, and a reader maps it privately. What a task writes into
its arrays stays its own. Nothing of it is in /dev/shm, which containers keep small.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import pickle
import struct
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle

from duetmind_adaptive.durable import write_durably

#: bytes from which on a buffer is handed over as a file
LARGE = 200_000
#: bytes of a file that are hashed at a time
PIECE = 1 << 20
_COUNT, _SIZE = struct.Struct("!I"), 32


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Handover:
    """Packs and unpacks values.

    Parameters
    ----------
    folder
        Where large buffers lie, on a disk that all processes see; None puts them between the other bytes.
    durable
        Whether files outlive a power cut.
    """

    folder: Path | None = None
    durable: bool = False

    def dumps(self, value: object) -> bytes:
        """The value as bytes, which name the files of its large buffers.

        Raises
        ------
        Exception
            Whatever pickling a foreign object raises.
        OSError
            When the folder takes no more.
        """
        names = list[bytes]()

        def keep(buffer: pickle.PickleBuffer) -> bool:
            content = buffer.raw()
            if self.folder is None or content.nbytes < LARGE:
                return True  # stays between the other bytes
            names.append(self._write(self.folder, content))
            return False

        body = io.BytesIO()
        _Pickler(body, protocol=pickle.HIGHEST_PROTOCOL, buffer_callback=keep).dump(value)
        return b"".join((_COUNT.pack(len(names)), *names, body.getbuffer()))

    def loads(self, packed: bytes) -> Any:
        """The value; its large arrays are maps of their files, and may be written to.

        It must have been packed by a process of ours: unpickling runs what the bytes say.
        """
        names, body = _parts(packed)
        return pickle.loads(body, buffers=[_mapped(self._file(name)) for name in names])  # noqa: S301 - as said

    def whole(self, packed: bytes) -> bool:
        """Whether every file is there and holds what its name says."""
        return all(_digest(self._file(name)) == name for name in _parts(packed)[0])

    def sweep(self, keep: Iterable[bytes]) -> None:
        """Remove the files of what is not among these packed values."""
        kept = {self._file(name) for packed in keep for name in _parts(packed)[0]}
        for file in self.folder.glob("*.buffer") if self.folder else ():
            if file not in kept:
                file.unlink(missing_ok=True)

    def _file(self, name: bytes) -> Path:
        return (self.folder or Path()) / f"{name.hex()}.buffer"

    def _write(self, folder: Path, content: memoryview) -> bytes:
        name = hashlib.sha256(content).digest()
        file = self._file(name)
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(file, content) if self.durable else _write(file, content)
        return name


class _Pickler(cloudpickle.Pickler):
    """Gives moments away as the whole numbers that they are: NumPy has no buffers of moments."""

    def reducer_override(self, obj: Any) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and type(obj) is numpy.ndarray and obj.dtype.kind in "mM" and obj.nbytes >= LARGE:
            return _moments, (obj.view(numpy.int64), obj.dtype.str)
        return super().reducer_override(obj)


def _moments(numbers: Any, dtype: str) -> Any:
    """An array of moments or durations."""
    return numbers.view(dtype)


def _write(file: Path, content: memoryview) -> None:
    """Put the content there at once, for as long as nobody pulls the plug."""
    handle, path = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(content)
        Path(path).replace(file)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise


def _parts(packed: bytes) -> tuple[list[bytes], memoryview]:
    """Names of files, and the pickle."""
    (count,) = _COUNT.unpack_from(packed)
    end = _COUNT.size + count * _SIZE
    return [packed[at : at + _SIZE] for at in range(_COUNT.size, end, _SIZE)], memoryview(packed)[end:]


def _mapped(file: Path) -> mmap.mmap:
    """The file's content: shared with other processes until this one writes to a page of it."""
    with file.open("rb") as source:
        return mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_COPY)


def _digest(file: Path) -> bytes | None:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as source:
            while piece := source.read(PIECE):
                digest.update(piece)
    except OSError:
        return None
    return digest.digest()
