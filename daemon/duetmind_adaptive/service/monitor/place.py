"""Where a monitor keeps what it knows: in a folder, in a database beside it, or in memory for as long as it lives."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from duetmind_adaptive.errors import ConfigError, StoreError
from duetmind_adaptive.service.monitor.frames import PRODUCTION
from duetmind_adaptive.store.database import path_of

#: name of the database in a working folder
DATABASE = "duetmind.db"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder for files and the URL of a store; both go with the monitor if it is `fleeting`."""

    folder: Path
    store_url: str
    fleeting: bool

    @classmethod
    def of(cls, working_dir: str | Path | None, store: str | None) -> Place:
        """What the arguments mean; the folder is there when this returns.

        Raises
        ------
        StoreError
            The folder cannot be made, or the URL is not one of a store.
        ConfigError
            A database that is no file, without a folder for what is no row.

        Examples
        --------
        >>> place = Place.of(None, None)
        >>> place.store_url, place.fleeting
        ('sqlite://', True)
        >>> place.remove()
        """
        file = path_of(store) if store is not None else None
        if working_dir is None and file is None:
            if store is not None and store != "sqlite://":
                raise ConfigError(f"store {store.partition(':')[0]}:… needs a working_dir for the versions' files")
            return cls(folder=_made(Path(tempfile.mkdtemp(prefix="duetmind-"))), store_url="sqlite://", fleeting=True)
        folder = Path(working_dir).absolute() if working_dir is not None else (file or Path()).absolute().parent
        url = f"sqlite:///{folder / DATABASE}" if store is None else f"sqlite:///{file.absolute()}" if file else store
        return cls(folder=_made(folder), store_url=url, fleeting=False)

    def remove(self) -> None:
        """Delete a fleeting folder; leave any other."""
        if self.fleeting:
            shutil.rmtree(self.folder, ignore_errors=True)


def _made(folder: Path) -> Path:
    try:
        (folder / PRODUCTION).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"working_dir {folder} cannot be used: {error.strerror}") from error
    return folder
