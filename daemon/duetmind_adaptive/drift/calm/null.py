"""What is natural: how far a window's mean scores lie from the reference's while nothing changes, and by season.

The variance of a window's mean is ``(design / rows + excess) · memory``: rows that repeat their neighbours (design
effect), windows that differ more than their rows explain (excess), windows that repeat their neighbours (memory). What
depends on the hour, the weekday or the month is expected rather than tolerated, as far as the reference shows it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.errors import ArtifactError

Floats = NDArray[np.float64]
Season = Literal["hour of day", "day of week", "month"]

#: slots of each season
SLOTS: dict[Season, int] = {"hour of day": 24, "day of week": 7, "month": 12}
#: the reference's mean may be off by this many of its standard errors without being a change of the window
REFERENCE_ERRORS = 2.0
FORMAT = "1"
#: the columns of the file, and of each season in it
PLAIN, PARTS = ("design", "excess", "memory", "reference"), ("expected", "unsure")


def slot_of(season: Season, moment: float) -> int:
    """The slot of a season that a moment, in seconds since 1970, falls into (UTC).

    >>> slot_of("hour of day", 7_200.0), slot_of("day of week", 0.0), slot_of("month", 0.0)
    (2, 3, 0)
    """
    at = datetime.fromtimestamp(moment, UTC)
    return at.hour if season == "hour of day" else at.weekday() if season == "day of week" else at.month - 1


@dataclass(frozen=True, slots=True, eq=False)
class Natural:
    """The natural variation of s scores, in standard deviations of a row; arrays of shape (s,)."""

    design: Floats
    excess: Floats
    memory: Floats
    #: squared standard error of the reference's own mean
    reference: Floats
    #: of the seasons that show: expected shift and its variance, each of shape (s, slots)
    seasons: Mapping[Season, tuple[Floats, Floats]] = field(default_factory=dict[Season, "tuple[Floats, Floats]"])

    @classmethod
    def independent(cls, scores: int, rows: int) -> Natural:
        """Where nothing was learned: rows do not depend on each other, and windows differ by chance alone."""
        ones = np.ones(scores)
        return cls(ones, 0 * ones, ones, ones / max(rows, 1))

    @property
    def tolerance(self) -> Floats:
        """What the reference cannot know about itself: shifts up to this are none."""
        return REFERENCE_ERRORS * np.sqrt(self.reference)

    def expect(self, rows: Floats, moment: float | None) -> tuple[Floats, Floats]:
        """The expected shift of a window's means and their standard errors.

        Parameters
        ----------
        rows
            How many rows each mean is of, shape (s,).
        moment
            The middle of the window, seconds since 1970; None where windows have no times.
        """
        shift = np.zeros(self.design.size)
        variance = (self.design / np.maximum(rows, 1.0) + self.excess) * self.memory
        for season, (expected, unsure) in self.seasons.items() if moment is not None else ():
            slot = slot_of(season, moment or 0.0)
            shift, variance = shift + expected[:, slot], variance + unsure[:, slot]
        return shift, np.where(rows > 0, np.sqrt(variance), math.inf)

    def beyond(self, rows: float, moment: float | None) -> tuple[Floats, Floats]:
        """The expected shift of a window's means, and the variance of them that its own rows do not explain.

        Parameters
        ----------
        rows, moment
            As of `expect`, the same number of rows for all.
        """
        shift, error = self.expect(np.full(self.design.size, rows), moment)
        return shift, error**2 - self.design / max(rows, 1.0)

    def only(self, places: slice) -> Natural:
        """Some of the scores."""
        seasons: dict[Season, tuple[Floats, Floats]] = {
            season: (expected[places], unsure[places]) for season, (expected, unsure) in self.seasons.items()
        }
        return Natural(self.design[places], self.excess[places], self.memory[places], self.reference[places], seasons)

    def to_bytes(self) -> bytes:
        """One Arrow file with a row for each score."""
        columns = {name: pa.array(getattr(self, name)) for name in PLAIN}
        for season, parts in self.seasons.items():
            for part, values in zip(PARTS, parts, strict=True):
                columns[f"{season}:{part}"] = pa.FixedSizeListArray.from_arrays(values.ravel(), SLOTS[season])
        table = pa.table(columns).replace_schema_metadata({"format": FORMAT})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue().to_pybytes()

    @classmethod
    def from_bytes(cls, content: bytes, path: Path) -> Natural:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ArtifactError
            It is damaged or of another version; the sentence names `path`, where it came from.
        """
        try:
            return _from_table(cls, pa.ipc.open_file(pa.BufferReader(content)).read_all())
        except (pa.ArrowException, LookupError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ArtifactError(
                f"The stored natural variation {path} cannot be read ({reason}): train the model again."
            ) from error


def _from_table(natural: type[Natural], table: pa.Table) -> Natural:
    if (table.schema.metadata or {}).get(b"format") != FORMAT.encode():
        raise ValueError("it is of another version")
    held = {name: table[name].combine_chunks() for name in table.column_names}
    design, excess, memory, reference = (held[name].to_numpy() for name in PLAIN)
    seasons: dict[Season, tuple[Floats, Floats]] = {
        season: (_slots(held, season, 0), _slots(held, season, 1)) for season in SLOTS if f"{season}:expected" in held
    }
    return natural(design, excess, memory, reference, seasons)


def _slots(held: Mapping[str, pa.Array], season: Season, part: int) -> Floats:
    values: Floats = held[f"{season}:{PARTS[part]}"].flatten().to_numpy()
    return values.reshape(-1, SLOTS[season])
