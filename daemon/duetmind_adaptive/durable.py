"""Files that a power cut leaves as they were or as they shall be, never in between."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_durably(path: Path, *parts: bytes | memoryview) -> None:
    """Put `parts`, one after the other, at `path`: a reader sees the old file or the new one, after a power cut too.

    Readable by its owner only, until somebody changes that. The folder must exist.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
