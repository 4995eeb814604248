"""The reference, profiled once and reused by every check: one `ColumnProfile` for each feature.

    rows → window → **profile** → verdict → event

A profile also remembers which other columns the reference had (target, timestamp, metadata), so that only what is truly
new in production is called new; how much its rows repeat each other; and when they came, where that is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from duetmind_adaptive.drift import kinds, profile_file
from duetmind_adaptive.drift.columns import ColumnProfile, Limits, summarise
from duetmind_adaptive.drift.kinds import POSSIBLE
from duetmind_adaptive.drift.moments import Floats, as_floats
from duetmind_adaptive.drift.row_hashes import Repeats, repeats, row_hashes
from duetmind_adaptive.errors import ColumnMissingError
from duetmind_adaptive.records import Kind

#: what reading one hostile column may raise; the others are read all the same
COLUMN_ERRORS = (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError)


def profile_column(
    table: pa.Table,
    name: str,
    *,
    kind: Kind | None = None,
    limits: Limits | None = None,
    like: ColumnProfile | None = None,
    clock: Floats | None = None,
) -> ColumnProfile:
    """Summarise one column of a table; a column that cannot be read says so in `untested` instead of raising."""
    positions = table.schema.get_all_field_indices(name)
    column = table.column(positions[0])
    try:
        if len(positions) > 1:
            raise ValueError(f"{len(positions)} columns have this name")
        return summarise(name, column, kind=kind, limits=limits, like=like, clock=clock)
    except COLUMN_ERRORS as error:
        held = kinds.family(column.type)
        return ColumnProfile(
            name=name,
            kind=kind or kinds.kind_of(held, 0, 0),
            type=str(column.type),
            family=held,
            rows=table.num_rows,
            missing=column.null_count,
            untested=f"its values cannot be read: {str(error).splitlines()[0]}",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """What is kept of a reference: a summary for each feature, and the names of all its columns."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    #: every column the reference had, features or not
    known: frozenset[str]
    #: how much its rows repeat each other; None where that was not looked at
    repeats: Repeats | None = None
    #: the times of its rows; None where they are not known
    clock: ColumnProfile | None = None

    @classmethod
    def from_table(
        cls,
        table: pa.Table,
        columns: Sequence[str],
        *,
        limits: Limits | None = None,
        moments: pa.ChunkedArray | None = None,
        kinds: Mapping[str, Kind] | None = None,
    ) -> Reference:
        """Profile the named columns.

        Parameters
        ----------
        table
            The reference, rows in the order they were produced. Give it whole: the other columns' names count.
        columns
            The features.
        limits
            How much of each column to keep.
        moments
            When each row came, as timestamps.
        kinds
            How to compare columns of which type and values do not tell.

        Raises
        ------
        ColumnMissingError
            A named column is not in the table.

        Examples
        --------
        >>> profile = Reference.from_table(pa.table({"age": [31, 45], "target": [0, 1]}), ["age"])
        >>> profile.rows, list(profile.columns), sorted(profile.known)
        (2, ['age'], ['age', 'target'])
        """
        there = set(table.column_names)
        absent = [name for name in columns if name not in there]
        if absent:
            raise ColumnMissingError(
                f"The reference has no column {', '.join(map(repr, absent))}: correct features or the reference's path."
            )
        clock = as_floats(moments) if moments is not None else None
        profiles = {name: _as_kind(table, name, (kinds or {}).get(name), limits, clock) for name in columns}
        return cls(
            rows=table.num_rows,
            columns=profiles,
            known=frozenset(table.column_names),
            repeats=_repeats(table, [name for name, each in profiles.items() if each.untested is None]),
            clock=summarise("", moments, kind="datetime", limits=limits) if moments is not None else None,
        )

    def save(self, path: Path) -> None:
        """Write the profile as one file, atomically: readers see the file that was there before, or this one whole."""
        facts = {"rows": self.rows, "known": sorted(self.known), "repeats": self.repeats, "clock": bool(self.clock)}
        profile_file.write(path, [*self.columns.values(), *([self.clock] if self.clock else [])], facts)

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Map a saved profile into memory.

        Raises
        ------
        ArtifactError
            The file is not there, damaged, or of another version; one sentence says which.
        """
        columns, facts = profile_file.read(path)
        clock = columns.pop() if facts.get("clock") else None
        held = facts.get("repeats")
        return cls(
            rows=facts["rows"],
            columns={each.name: each for each in columns},
            known=frozenset(facts["known"]),
            repeats=Repeats(*held) if held else None,
            clock=clock,
        )


def _as_kind(
    table: pa.Table, name: str, kind: Kind | None, limits: Limits | None, clock: Floats | None
) -> ColumnProfile:
    """Summarise a column; one that cannot be what the operator wants says so."""
    profile = profile_column(table, name, limits=limits, clock=clock)
    if kind is None or kind == profile.kind or profile.untested:
        return profile
    if kind not in POSSIBLE[profile.family]:
        return replace(profile, kind=kind, untested=f"values of type {profile.type} cannot be compared as {kind}")
    return profile_column(table, name, kind=kind, limits=limits)


def _repeats(table: pa.Table, columns: Sequence[str]) -> Repeats | None:
    """Nothing is known of a table without columns, where all rows are alike."""
    return repeats(row_hashes(table, columns)) if columns else None
