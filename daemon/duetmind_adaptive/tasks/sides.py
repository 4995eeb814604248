"""The two sides of a comparison: files that are read a few columns at a time, or a frame that is in memory.

Any frame that speaks Arrow's PyCapsule interface (`__arrow_c_stream__`: pandas, Polars, DuckDB, Arrow itself) will do;
none of these libraries is imported for it. A pandas frame is converted column by column, so that one column of mixed
values is reported as unreadable and hinders no other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from duetmind_adaptive.errors import SourceFormatError, SourceMissingError
from duetmind_adaptive.sources.arrow_types import Types, plain_table, plain_type
from duetmind_adaptive.sources.whole import FEWEST_ROWS
from duetmind_adaptive.tasks.odd_numbers import as_numbers

#: columns of a frame that are looked at between two reports of progress
FRAME_COLUMNS = 8


class Side(Protocol):
    """One of the two samples."""

    rows: int
    #: in the order of the data; no name twice
    names: tuple[str, ...]

    @property
    def unreadable(self) -> Mapping[str, str]:
        """Columns read so far that cannot be compared at all, each with the reason."""
        ...

    @property
    def columns_at_once(self) -> int:
        """How many columns `read` should be asked for in one go."""
        ...

    def read(self, columns: list[str], types: Types | None = None) -> pa.Table:
        """All rows of these columns; text, where there is any to parse, as `types` where it fits."""
        ...


class FrameSide:
    """A frame in memory.

    Raises
    ------
    SourceError
        It has fewer than `fewest` rows, or a name twice; `role` (the reference, the current data) begins the sentence.

    Examples
    --------
    >>> side = FrameSide(pa.table({"x": [1, 2]}), "the reference")
    >>> side.rows, side.names, side.read(["x"]).num_rows
    (2, ('x',), 2)
    """

    columns_at_once = FRAME_COLUMNS

    def __init__(self, frame: Any, role: str, *, fewest: int = FEWEST_ROWS) -> None:
        self._frame: Any = frame if _is_pandas(frame) else _as_table(frame, role)
        held: list[Any] = list(self._frame.columns if _is_pandas(frame) else self._frame.column_names)
        self.rows = len(frame) if _is_pandas(frame) else self._frame.num_rows
        self.names = tuple(map(str, held))
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise SourceFormatError(f"{role} has more than one column named '{twice}'; give each a name of its own")
        if self.rows < fewest:
            held_rows = "one row only" if self.rows else "no rows"
            raise SourceMissingError(f"{role} has {held_rows}; a comparison needs at least {fewest} rows")
        self.unreadable: dict[str, str] = {}
        self._places = {name: at for at, name in enumerate(self.names)}

    def read(self, columns: list[str], types: Types | None = None) -> pa.Table:  # noqa: ARG002 - a frame has its types
        """All rows of these columns; one that Arrow cannot hold becomes a column of bytes, which is never compared."""
        return pa.Table.from_arrays([self._column(name) for name in columns], names=columns)

    def _column(self, name: str) -> pa.ChunkedArray:
        at = self._places[name]
        if isinstance(self._frame, pa.Table):
            return _plain(self._frame.column(at))
        converted = _converted(self._frame.iloc[:, at])
        if converted is None:
            self.unreadable[name] = "its values are of mixed types"
            converted = _unreadable(self.rows)
        return _plain(converted if isinstance(converted, pa.ChunkedArray) else pa.chunked_array([converted]))


def _converted(values: Any) -> pa.Array | pa.ChunkedArray | None:
    """A pandas column as Arrow holds it, or else as numbers; None when it is neither."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        numbers = as_numbers(values, values.isna())
        return None if numbers is None else pa.array(numbers)


def _unreadable(rows: int) -> pa.Array:
    """Stand in for values of mixed types: something is there, and nothing can be done with it."""
    return pa.array([b"mixed"], pa.binary()).take(pa.array([0] * rows, pa.int64()))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return plain_table(pa.table({"": column})).column(0)
    except pa.ArrowException:
        return column  # as it came: whoever summarises it will say why it cannot be read


def _is_pandas(frame: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def _as_table(frame: Any, role: str) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    try:
        return pa.RecordBatchReader.from_stream(frame).read_all()
    except (pa.ArrowInvalid, TypeError) as bad:  # it has no such stream, or one of single values as a Series has
        raise SourceFormatError(
            f"{role} is a {type(frame).__name__}, not a frame; give a pandas, Arrow or Polars frame, "
            "or anything else with __arrow_c_stream__"
        ) from bad


def frame_table(frame: Any, role: str) -> pa.Table:
    """Any frame, of any number of rows, as a table of plain types; `role` is what sentences call it.

    >>> frame_table(pa.table({"x": pa.array([1.0], pa.float32())}), "the data").schema.types
    [DataType(float)]
    """
    if isinstance(frame, pa.Table) and all(plain_type(kind) == kind for kind in frame.schema.types):
        return frame
    side = FrameSide(frame, role, fewest=0)
    return side.read(list(side.names))


def in_groups(names: Sequence[str], size: int) -> list[list[str]]:
    """The names, at most `size` at a time.

    >>> in_groups("abcde", 2)
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    return [list(names[at : at + size]) for at in range(0, len(names), size)]
