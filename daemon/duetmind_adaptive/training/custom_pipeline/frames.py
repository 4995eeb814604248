"""From Arrow tables to pandas frames, one column at a time, so that every storage type arrives as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from duetmind_adaptive.errors import ColumnMismatchError, ColumnMissingError


def to_frame(data: pa.Table | pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The named columns as a pandas frame, rows in the same order.

    Raises
    ------
    ColumnMissingError
        Naming every column that is not there.
    ColumnMismatchError
        When a column's name occurs twice, so that it is not clear which one is meant.

    Examples
    --------
    >>> table = pa.table({"job": pa.array(["cook", None]).dictionary_encode(), "age": [31, None]})
    >>> to_frame(table, ["age", "job"]).to_dict("list")
    {'age': [31.0, nan], 'job': ['cook', nan]}
    """
    check_columns(data, columns)
    if isinstance(data, pd.DataFrame):
        return pd.DataFrame(data[list(columns)])
    return pd.DataFrame({name: _to_series(data.column(name)) for name in columns}, index=pd.RangeIndex(data.num_rows))


def check_columns(data: pa.Table | pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse data that lacks one of these columns or has it twice; raises as `to_frame`."""
    names = Counter(data.columns if isinstance(data, pd.DataFrame) else data.column_names)
    missing = [name for name in columns if name not in names]
    if missing:
        plural = "column" if len(missing) == 1 else "columns"
        listed = ", ".join(f"'{name}'" for name in missing)
        raise ColumnMissingError(f"the model needs {plural} {listed}, which the data does not have")
    twice = [name for name in columns if names[name] > 1]
    if twice:
        raise ColumnMismatchError(f"the data has column '{twice[0]}' more than once; rename one of them")


def _to_series(column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_duration(column.type) or pa.types.is_time64(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_time32(column.type):
        column = column.cast(pa.int32())
    return column.to_pandas()
