"""AutoML on a file: read it, search, and hand over what commands show; light, because the search runs in workers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.errors import ColumnMissingError, ConfigError
from duetmind_adaptive.registry.manifest import Feature
from duetmind_adaptive.sources.whole import WholeFiles
from duetmind_adaptive.tasks.requests import run_task
from duetmind_adaptive.training.automl.optimizer import AutoMLOptimizer
from duetmind_adaptive.training.automl.orders import Delivered
from duetmind_adaptive.training.automl.problem import Problem, make_problem
from duetmind_adaptive.training.automl.results import Results

#: of the result, what the command prints; the contract's first
KEYS = (
    "best_score", "best_algorithm", "best_params", "metric", "trials", "seconds", "param_importance", "leaderboard",
    "task", "failed_trials", "stopped_by", "ensemble", "chance_score", "better_than_chance",
    "param_importance_by_algorithm", "pareto_front", "chosen_point", "study", "notes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSearch:
    """What to search in which columns of which file."""

    data: str
    target: str
    #: orders the rows for the folds
    timestamp: str | None = None
    #: rows with the same value stay together
    group: str | None = None
    exclude: Sequence[str] = ()
    save: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a search on a file gave."""

    results: Results
    #: one JSON document, in the contract's shape
    document: dict[str, Any]
    classes: tuple[Any, ...]


def search_file(asked: FileSearch, optimizer: AutoMLOptimizer, *, began: float) -> Found:
    """Search on a file's rows.

    Parameters
    ----------
    asked
        File and columns.
    optimizer
        What to search for, and how long.
    began
        When the clock started, by `time.monotonic`.

    Raises
    ------
    SourceError
        The file cannot be read, or a named column is not in it.
    TrainingError
        Nothing can be learned from these rows.
    """
    table = _read(asked)
    problem = _problem(table, asked, optimizer)
    results = optimizer.search(problem, began=began, save=_saver(asked, problem, table, optimizer))
    document = {name: results[name] for name in KEYS}
    document |= {"target": asked.target, "higher_is_better": higher_is_better(results["metric"])}
    document |= {"artifact": None if asked.save is None else str(asked.save)}
    return Found(results=results, document=document, classes=problem.classes)


def process_began() -> float:
    """When this process was started, by `time.monotonic`; now, where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        after_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - after_boot)
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic()


def _read(asked: FileSearch) -> pa.Table:
    with WholeFiles(asked.data) as files:
        for name in filter(None, (asked.target, asked.timestamp, asked.group, *asked.exclude)):
            if name not in files.names:
                raise ColumnMissingError(f"{asked.data} has no column '{name}'; it has {', '.join(files.names[:20])}")
        names = [name for name in files.names if name not in asked.exclude]
        return files.read(names)


def _problem(table: pa.Table, asked: FileSearch, optimizer: AutoMLOptimizer) -> Problem:
    frame = to_pandas(table)
    beside = [name for name in (asked.target, asked.timestamp, asked.group) if name is not None]
    if len(set(beside)) < len(beside):
        raise ConfigError("target, timestamp and group must be different columns")
    return make_problem(
        frame.drop(columns=[name for name in beside if name in frame.columns and name != asked.timestamp]),
        frame[asked.target],
        metric=optimizer.wishes.metric,
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


def _saver(
    asked: FileSearch, problem: Problem, table: pa.Table, optimizer: AutoMLOptimizer
) -> Callable[[Any, Delivered], None] | None:
    """What writes the artifact, in the worker that has the model."""
    if asked.save is None:
        return None
    features = tuple(
        Feature(name=name, kind=kind, dtype=str(table.schema.field(name).type))  # type: ignore[arg-type]
        for name, kind in problem.kinds.items()
    )
    facts = {
        "model": Path(asked.data).stem or asked.target,
        "task": problem.task,
        "target": asked.target,
        "features": features,
        "classes": problem.classes,
        "metric": optimizer.wishes.metric,
        "train_size": len(problem),
        "trained_rows": (0, len(problem)),
    }
    return partial(run_task_of, "automl_artifact:write_artifact", asked.save.absolute(), facts)


def run_task_of(name: str, path: Path, facts: dict[str, Any], pipeline: Any, delivered: Delivered) -> None:
    """Write the artifact; a function of a module, so that it can be sent to a worker."""
    run_task(name, path, facts, pipeline, delivered)
