"""What training leaves in a version's folder for calm: how much its reference varies by nature."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.calm.learn import Cuts, learn
from duetmind_adaptive.drift.calm.null import Natural
from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.registry.layout import NATURAL, PROFILE
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.timestamps import MISSING, microseconds
from duetmind_adaptive.tasks.surroundings import clock_of, moments_of

#: watches kept in a worker: as many as profiles
WATCHES_KEPT = 16
#: newest rows of the reference that variation is learned from
MOST_ROWS = 500_000


def write_natural(folder: Path, reference: Reference, table: pa.Table, model: Model) -> None:
    """Learn what is natural from the reference's rows, in their order, and keep it."""
    table = table.slice(max(0, table.num_rows - MOST_ROWS))
    window = model.production.window
    every = window.every.total_seconds() if window.every else None
    cuts = Cuts.of(table.num_rows, window.rows, every, ordered_seconds(model, table))
    natural = learn(Watch.of(reference.columns).rows(table, clock_of(model, table)), cuts)
    write_durably(folder / NATURAL, natural.to_bytes())


@lru_cache(maxsize=WATCHES_KEPT)
def watch_of(folder: Path) -> Watch:
    """The watch over a version's columns; one made before variation was learned takes rows as independent."""
    path = folder / NATURAL
    columns = Reference.load(folder / PROFILE).columns
    return Watch.of(columns, Natural.from_bytes(path.read_bytes(), path) if path.exists() else None)


def ordered_seconds(model: Model, table: pa.Table) -> NDArray[np.float64] | None:
    """When each row came, where all of them say so and come in order."""
    moments = moments_of(model, table)
    stamps = microseconds(moments) if moments is not None else np.empty(0, np.int64)
    ordered = stamps.size > 1 and bool((stamps != MISSING).all() and (stamps[1:] >= stamps[:-1]).all())
    return stamps / 1e6 if ordered else None
