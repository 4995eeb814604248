"""The profiles that windows leave behind: counted with each check, made days when they are old.

A version keeps its reference counted on bins beside its other files, so a window's profile needs none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from operator import add
from pathlib import Path

import pyarrow as pa

from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.registry.layout import BINS
from duetmind_adaptive.tasks.profiles import Profile
from duetmind_adaptive.tasks.requests import Aged, DayProfile

#: bins of a column: a window of 1,000 rows knows its distribution to 0.04 only, and each bin is stored every hour
WINDOW_BINS = 100
#: a profile of 50 columns is 100 kB; a worker serves many models
KEPT = 64


def write_bins(folder: Path, reference: pa.Table, columns: Sequence[str]) -> None:
    """Profile a version's reference into its folder."""
    Profile.from_frame(reference, columns=columns, bins=WINDOW_BINS).save(folder / BINS)


@lru_cache(maxsize=KEPT)
def stored_bins(folder: Path) -> Profile | None:
    """The profile of a version's reference; versions made before it was kept have none."""
    path = folder / BINS
    return Profile.load(path) if path.exists() else None


def window_profile(folder: Path, table: pa.Table) -> bytes | None:
    """A window's rows on the bins of the version in `folder`."""
    reference = stored_bins(folder)
    return reference.count(table).to_bytes(bins=False) if reference else None


def make_day(aged: Aged) -> DayProfile:
    """Add old windows up; those whose bins are gone cannot be read by anybody, and end."""
    try:
        reference = stored_bins(aged.version.folder)
        parts = [Profile.from_bytes(body, reference) for body in aged.bodies]
        body = reduce(add, parts).to_bytes(bins=False)
    except ArtifactError:
        body = None
    return DayProfile(version=aged.version.version, first_rows=aged.first_rows, body=body)
