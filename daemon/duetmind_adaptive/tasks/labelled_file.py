"""Rows with a target from files, without a config: what `duetmind automl` and `duetmind train` learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from duetmind_adaptive.errors import ColumnMissingError, ConfigError
from duetmind_adaptive.sources.whole import WholeFiles
from duetmind_adaptive.training.automl.problem import Problem, make_problem


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledFile:
    """Which columns of which file."""

    #: a file, a glob or a folder, CSV or Parquet
    data: str
    target: str
    #: orders the rows for the folds
    timestamp: str | None = None
    #: rows with the same value stay together
    group: str | None = None
    exclude: Sequence[str] = ()


def read_labelled(asked: LabelledFile) -> pa.Table:
    """All rows, without the excluded columns.

    Raises
    ------
    SourceError
        The file cannot be read, or a named column is not in it.
    """
    with WholeFiles(asked.data) as files:
        for name in filter(None, (asked.target, asked.timestamp, asked.group, *asked.exclude)):
            if name not in files.names:
                raise ColumnMissingError(f"{asked.data} has no column '{name}'; it has {', '.join(files.names[:20])}")
        names = [name for name in files.names if name not in asked.exclude]
        return files.read(names)


def problem_of(table: pa.Table, asked: LabelledFile, metric: str) -> Problem:
    """What is to be predicted from what; `metric` decides between classes and numbers where the target could be either.

    Raises
    ------
    ConfigError
        One column is named twice.
    TrainingError
        Nothing can be learned from these rows.
    """
    frame = to_pandas(table)
    beside = [name for name in (asked.target, asked.timestamp, asked.group) if name is not None]
    if len(set(beside)) < len(beside):
        raise ConfigError("target, timestamp and group must be different columns")
    return make_problem(
        frame.drop(columns=[name for name in beside if name in frame.columns and name != asked.timestamp]),
        frame[asked.target],
        metric=metric,
        groups=None if asked.group is None else frame[asked.group],
        moments=None if asked.timestamp is None else frame[asked.timestamp],
        name=f"column '{asked.target}'",
    )


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A frame of plain values: decimals as floats, dates as moments, spans and times of day as counts.

    >>> to_pandas(pa.table({"day": pa.array([0], pa.date32()), "job": pa.array(["cook"])})).dtypes.astype(str).tolist()
    ['datetime64[ms]', 'str']
    """
    return pd.DataFrame({name: _plain(table.column(name)).to_pandas() for name in table.column_names})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("ms"))
    if pa.types.is_duration(kind) or pa.types.is_time64(kind):
        return column.cast(pa.int64())
    return column.cast(pa.int32()) if pa.types.is_time32(kind) else column
