"""`Profile`: a mergeable, serialisable, versioned summary of any number of rows, and what can be done with it.

    reference rows → Profile.from_… → .count(other rows) → + over hours, processes, machines → .compare

A profile is made of a reference: its bins follow the reference's quantiles, its categories are the reference's. Other
rows are counted on the same bins and then add up: hour profiles make day profiles, parts counted by several processes
make the whole. Of two profiles every statistic is known with a proven bound (`stats/binned`). No rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.kinds import Family
from duetmind_adaptive.drift.profiles import codec
from duetmind_adaptive.drift.profiles.column import ColumnCounts, add, nothing
from duetmind_adaptive.drift.profiles.counting import count_column
from duetmind_adaptive.drift.profiles.grid import BINS, Grid, choose_grid
from duetmind_adaptive.drift.profiles.sample import RowSample
from duetmind_adaptive.drift.reference import COLUMN_ERRORS
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ArtifactError, ColumnMissingError, SourceFormatError
from duetmind_adaptive.sources.arrow_types import TEXT, stack
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.sources.stream import FileStream
from duetmind_adaptive.sources.timestamps import MOMENT
from duetmind_adaptive.tasks.profile_comparison import ProfileComparison, compare_profiles
from duetmind_adaptive.tasks.sides import frame_table, in_groups

#: rows that bins are chosen from, where there are too many to look at all
SAMPLE_ROWS = 200_000
#: bins chosen from a sample are so much finer that they hold at most 1/K of all rows too, all but certainly
SAMPLE_FINER = 1.6
#: columns of files that are counted in one go, where that costs no more than all at once
COLUMNS_AT_ONCE = 32
_SEED = 0

#: what text of files is read as, by what the reference holds
_TYPES: dict[Family, pa.DataType] = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "datetime": MOMENT,
    "string": TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Some rows, counted column by column on a reference's bins.

    Examples
    --------
    >>> reference = Profile.from_frame(pa.table({"x": range(1000)}))
    >>> hours = [reference.count(pa.table({"x": range(n, n + 50)})) for n in (500, 550)]
    >>> day = hours[0] + hours[1]
    >>> day.rows, reference.compare(day).bounds["x"]["ks"]
    (100, Bounded(value=0.5, low=0.5, high=0.501))
    >>> Profile.from_bytes(day.to_bytes()).rows
    100
    """

    rows: int
    columns: Mapping[str, ColumnCounts]
    #: every column that the rows had, counted or not
    known: frozenset[str]

    @classmethod
    def from_frame(cls, frame: Any, *, columns: Sequence[str] | None = None, bins: int = BINS) -> Profile:
        """Profile a reference that is in memory.

        Parameters
        ----------
        frame
            A pandas, Arrow or Polars frame, or anything else with `__arrow_c_stream__`.
        columns
            Which to count; None for all.
        bins
            About how many a column gets: exact Kolmogorov–Smirnov distances are known to within 1 / bins.

        Raises
        ------
        SourceError
            It is no frame, or has a name twice.
        """
        table = frame_table(frame, "the reference")
        _check_there(columns or (), table)
        return _counted({name: _grid(name, table[name], bins) for name in columns or table.column_names}, [table])

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[Any] | Callable[[], Iterable[Any]],
        *,
        columns: Sequence[str] | None = None,
        bins: int = BINS,
        seed: int = _SEED,
    ) -> Profile:
        """Profile a reference that comes in parts, in constant memory.

        It is gone through twice: bins are chosen from a uniform sample, then every row is counted.

        Parameters
        ----------
        batches
            Frames as of `from_frame`: something that can be iterated twice, or a function that begins anew.
        columns, bins
            As of `from_frame`.
        seed
            Of the sample.

        Raises
        ------
        SourceError
            They can be iterated only once, or one is no frame.
        """
        begin = batches if callable(batches) else lambda: batches
        if iter(begin()) is begin():
            raise SourceFormatError(
                "the batches can be gone through only once, and bins have to be chosen before rows are counted; give a "
                "list, or a function that begins anew"
            )
        return _counted(_choose(begin(), columns, bins, seed), begin())

    @classmethod
    def from_files(cls, path: str, *, columns: Sequence[str] | None = None, bins: int = BINS) -> Profile:
        """Profile the rows of a file, a glob's matches or a folder's files, CSV or Parquet, in constant memory.

        Raises
        ------
        SourceError
            A file cannot be used; the sentence says which, why, and how to mend it.
        """
        stream = FileStream(path)
        names = stream.names()
        wanted = list(columns) if columns is not None else list(names)
        groups = in_groups(wanted, COLUMNS_AT_ONCE) if stream.columnar else [wanted]
        rows, counted = 0, dict[str, ColumnCounts]()
        for group in groups:
            grids = _choose(stream.only(group), group, bins, _SEED)
            part = _counted(grids, stream.only(group, _types(grids)))
            rows = part.rows
            counted |= part.columns
        return cls(rows=rows, columns=counted, known=frozenset(names))

    def count(self, rows: Any) -> Profile:
        """Count other rows on this profile's bins, in constant memory.

        Parameters
        ----------
        rows
            A frame, an iterable of frames, or the path of files.
        """
        grids = {name: column.grid for name, column in self.columns.items()}
        return _counted(grids, _tables(rows, grids))

    def __add__(self, other: Profile) -> Profile:
        """Both together: exactly what counting all rows at once gives, means and spreads to within rounding.

        Raises
        ------
        ArtifactError
            They were not counted on the same bins.
        """
        if self.columns.keys() != other.columns.keys():
            raise ArtifactError("Profiles of different columns do not add up: count both on one reference's profile.")
        try:
            columns = {name: add(column, other.columns[name]) for name, column in self.columns.items()}
        except ValueError as error:
            raise ArtifactError(
                f"These profiles do not add up ({error}): count both on one reference's profile."
            ) from error
        return Profile(rows=self.rows + other.rows, columns=columns, known=self.known | other.known)

    def compare(self, current: Profile, target: str | None = None) -> ProfileComparison:
        """Compare with the profile of other rows on the same bins; this one is the reference.

        Parameters
        ----------
        current
            What `count` gave, or a sum of such.
        target
            The column that a model predicts, if there is one.

        Raises
        ------
        ArtifactError
            They were not counted on the same bins.
        """
        if self.digest != current.digest:
            raise ArtifactError("Profiles on different bins cannot be compared: count both on one reference's profile.")
        return compare_profiles(self, current, target)

    @property
    def digest(self) -> str:
        """Equal for profiles on the same bins."""
        return codec.digest_of([column.grid for column in self.columns.values()])

    def to_bytes(self, *, bins: bool = True) -> bytes:
        """All of it, as bytes that later programs can read.

        Parameters
        ----------
        bins
            False leaves out the bins, most of the bytes, for whoever keeps the reference's profile anyway.
        """
        facts = {"rows": self.rows, "known": sorted(self.known)}
        return codec.encode(list(self.columns.values()), facts, grids=bins)

    @classmethod
    def from_bytes(cls, content: bytes, reference: Profile | None = None) -> Profile:
        """What `to_bytes` was called on.

        Parameters
        ----------
        content
            Its bytes.
        reference
            A profile on the same bins, for bytes without.

        Raises
        ------
        ArtifactError
            The bytes are damaged, of another version, or of other bins than the reference's; one sentence says which.
        """
        grids = [column.grid for column in reference.columns.values()] if reference else None
        columns, facts = codec.decode(content, grids)
        counted = {column.grid.name: column for column in columns}
        return cls(rows=facts["rows"], columns=counted, known=frozenset(facts["known"]))

    def save(self, path: str | Path) -> None:
        """Write it as one file, atomically: readers see the file that was there before, or this one whole."""
        write_durably(Path(path), self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read what `save` wrote.

        Raises
        ------
        ArtifactError
            The file is not there, damaged, or of another version.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ArtifactError(
                f"The profile {path} cannot be read ({reason}): make it again from its rows."
            ) from error
        try:
            return cls.from_bytes(content)
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from error


def _choose(batches: Iterable[Any], columns: Sequence[str] | None, bins: int, seed: int) -> dict[str, Grid]:
    """The bins of each column, from a uniform sample of all rows."""
    sample = RowSample(SAMPLE_ROWS, np.random.default_rng(seed))
    for batch in batches:
        table = frame_table(batch, "a batch of the reference")
        sample.add(table if columns is None else table.select(keep(columns, table.column_names)))
    chosen = stack(sample.tables())
    _check_there(columns or (), chosen)
    finer = bins if sample.seen <= SAMPLE_ROWS else round(bins * SAMPLE_FINER)
    return {name: _grid(name, chosen[name], finer) for name in columns or chosen.column_names}


def _check_there(columns: Sequence[str], table: pa.Table) -> None:
    there = set(table.column_names)
    if absent := [name for name in columns if name not in there]:
        raise ColumnMissingError(f"the reference has no column {', '.join(map(repr, absent))}; correct the names")


def _grid(name: str, column: pa.ChunkedArray, bins: int) -> Grid:
    try:
        return choose_grid(name, column, bins=bins)
    except COLUMN_ERRORS as error:
        reason = f"its values cannot be read: {str(error).splitlines()[0]}"
        return Grid(name=name, kind="text", family="opaque", type=str(column.type), untested=reason)


def _counted(grids: Mapping[str, Grid], batches: Iterable[Any]) -> Profile:
    rows, known, counted = 0, set[str](), dict[str, ColumnCounts]()
    for batch in batches:
        table = frame_table(batch, "the data")
        rows += table.num_rows
        known.update(table.column_names)
        for name, column in zip(table.column_names, table.columns, strict=True):
            if name in grids:
                part = _count(grids[name], column)
                counted[name] = add(counted[name], part) if name in counted else part
    columns = {name: counted[name] if name in counted else nothing(grid) for name, grid in grids.items()}
    return Profile(rows=rows, columns=columns, known=frozenset(known))


def _count(grid: Grid, column: pa.ChunkedArray) -> ColumnCounts:
    try:
        return count_column(grid, column)
    except COLUMN_ERRORS:
        missing = column.null_count
        return replace(nothing(grid), rows=len(column), missing=missing, unreadable=len(column) - missing)


def _tables(rows: Any, grids: Mapping[str, Grid]) -> Iterable[Any]:
    """The frames that `rows` stands for."""
    if isinstance(rows, str | Path):
        return FileStream(str(rows), types=_types(grids))
    if hasattr(rows, "__arrow_c_stream__") or not isinstance(rows, Iterable):
        return [rows]
    return cast("Iterable[Any]", rows)


def _types(grids: Mapping[str, Grid]) -> dict[str, pa.DataType]:
    return {name: _TYPES[grid.family] for name, grid in grids.items() if grid.family in _TYPES}
