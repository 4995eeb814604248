"""The history that a daemon keeps of a model, read without its rows: any two periods can be compared or drawn.

Works beside a running daemon, and when none runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path

from sqlalchemy import Connection

from duetmind_adaptive.errors import ConfigError, StoreError
from duetmind_adaptive.records import Window
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.layout import version_folder
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store import window_profiles
from duetmind_adaptive.store.database import path_of
from duetmind_adaptive.store.peek import peek
from duetmind_adaptive.store.window_profiles import StoredProfile
from duetmind_adaptive.tasks.profiles import Profile
from duetmind_adaptive.tasks.window_profiles import stored_bins


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One window, or one day of windows."""

    window: Window
    version: int
    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileHistory:
    """What was kept of a model's windows, oldest first, and of the references that its versions were made from."""

    model: str
    periods: tuple[Period, ...]
    #: by version
    references: dict[int, Profile]

    def between(self, start: datetime, end: datetime, version: int | None = None) -> Profile:
        """The rows of all periods that began in `[start, end)`, as one profile.

        Parameters
        ----------
        start, end
            Aware moments.
        version
            Of the model; needed when several served, because each counts on bins of its own.

        Raises
        ------
        StoreError
            Nothing is kept of that time, or several versions served in it.
        """
        chosen = [each for each in self.periods if each.window.start and start <= each.window.start < end]
        chosen = [each for each in chosen if version in {None, each.version}]
        served = sorted({each.version for each in chosen})
        if not chosen:
            raise StoreError(f"nothing is kept of model {self.model} between {start} and {end}")
        if len(served) > 1:
            several = ", ".join(map(str, served))
            raise StoreError(f"versions {several} of model {self.model} served between {start} and {end}; name one")
        return reduce(add, (each.profile for each in chosen))


def profile_history(config: str | Path, model: str) -> ProfileHistory:
    """Read what the daemon of a config keeps of one of its models.

    Parameters
    ----------
    config
        The daemon's configuration file.
    model
        One of its models.

    Raises
    ------
    ConfigError
        The file cannot be used, or has no such model.
    StoreError
        The store is not there or cannot be read.
    """
    loaded = load_config(Path(config), os.environ)
    if model not in loaded.models:
        raise ConfigError(f"{config} has no model {model!r}; it has {', '.join(loaded.models)}")
    path = path_of(loaded.store_url)
    if path is None or not path.exists():
        raise StoreError(f"{loaded.store_url} is not there; start the daemon first")
    folder = loaded.models[model].folder
    rows, folders = peek(path, lambda conn: _read(conn, model, folder))
    bins = {version: stored_bins(home) for version, home in folders.items()}
    references = {version: profile for version, profile in bins.items() if profile is not None}
    return ProfileHistory(model=model, periods=tuple(_periods(rows, references)), references=references)


def _read(conn: Connection, model: str, folder: Path) -> tuple[list[StoredProfile], dict[int, Path]]:
    """The stored profiles, and the folders of the versions that they belong to."""
    rows = window_profiles.history(conn, model)
    served = {row.version: versions.get(conn, model, row.version) for row in rows}
    return rows, {number: version_folder(folder, found.folder) for number, found in served.items() if found}


def _periods(rows: list[StoredProfile], references: dict[int, Profile]) -> Iterator[Period]:
    """Those whose version's bins are still there."""
    for row in rows:
        reference = references.get(row.version)
        if reference is not None:
            yield Period(window=row.window, version=row.version, profile=Profile.from_bytes(row.body, reference))
