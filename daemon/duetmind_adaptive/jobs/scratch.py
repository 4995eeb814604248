"""Folders for as long as a process lives, called by its id, so that the next one removes what a killed one left."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def scratch_folder(prefix: str, within: Path | None = None) -> Path:
    """A new folder for temporary files; those of the same prefix whose process is no more are removed.

    Parameters
    ----------
    prefix
        Ends with a hyphen.
    within
        Where; default: the folder for temporary files.
    """
    temporary = within or Path(tempfile.gettempdir())
    temporary.mkdir(parents=True, exist_ok=True)
    sweep(temporary, prefix)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=temporary))


def sweep(folder: Path, prefix: str) -> None:
    """Remove the folders in it that are called by a process that is no more."""
    for home in folder.glob(f"{prefix}*"):
        owner = home.name.removeprefix(prefix).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            shutil.rmtree(home, ignore_errors=True)
