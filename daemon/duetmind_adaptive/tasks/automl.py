"""AutoML on a file: read it, search, and hand over what commands show; light, because the search runs in workers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.registry.manifest import Feature
from duetmind_adaptive.tasks.labelled_file import LabelledFile, problem_of, read_labelled
from duetmind_adaptive.tasks.requests import run_task
from duetmind_adaptive.training.automl.optimizer import AutoMLOptimizer
from duetmind_adaptive.training.automl.orders import Delivered
from duetmind_adaptive.training.automl.problem import Problem
from duetmind_adaptive.training.automl.results import Results

#: of the result, what the command prints; the contract's first
KEYS = (
    "best_score", "best_algorithm", "best_params", "metric", "trials", "seconds", "param_importance", "leaderboard",
    "task", "failed_trials", "stopped_by", "ensemble", "chance_score", "better_than_chance",
    "param_importance_by_algorithm", "pareto_front", "chosen_point", "study", "notes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSearch(LabelledFile):
    """What to search in which columns of which file."""

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
    table = read_labelled(asked)
    problem = problem_of(table, asked, optimizer.wishes.metric)
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
