"""The first steps: rows are loaded, looked at, split, and cast for those that learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types

from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.errors import ColumnMissingError, TrainingError
from duetmind_adaptive.records import Kind
from duetmind_adaptive.settings.types import Metric, Task
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.tasks.automated.wanted import Wanted
from duetmind_adaptive.tasks.labelled_file import LabelledFile, problem_of, read_labelled, to_pandas
from duetmind_adaptive.training.automl.problem import is_quantity
from duetmind_adaptive.training.automl.scoring import NUMBER_METRICS
from duetmind_adaptive.training.examples import Examples, has_label, make_examples

#: of the rows, kept from learning to measure the model on
HELD = 0.2
#: names that a sentence lists
LISTED = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rows are good for."""

    task: Task
    metric: Metric
    features: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """The rows to learn from and those to measure on, each in the order of the data."""

    learned: pa.Table
    held: pa.Table


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The rows to learn from, cast, and the kind of each column."""

    examples: Examples
    kinds: Mapping[str, Kind]


def load_rows(asked: str) -> pa.Table:
    """All rows of the data.

    Raises
    ------
    SourceError
        The data cannot be read, or has no such target.
    """
    wanted = Wanted.model_validate_json(asked)
    table = read_labelled(LabelledFile(data=wanted.data, target=wanted.target))
    encoded = {field.name for field in table.schema if pa.types.is_dictionary(field.type)}
    plain = [
        table[name].cast(table.schema.field(name).type.value_type) if name in encoded else table[name]
        for name in table.column_names
    ]
    return pa.table(plain, names=table.column_names)


def validate_rows(asked: str, table: pa.Table) -> Checked:
    """What can be learned from these rows.

    Raises
    ------
    ColumnMissingError
        The data has none of the reference's columns.
    TrainingError
        Nothing can be learned, or a baseline metric cannot be computed of such a target.
    """
    wanted = Wanted.model_validate_json(asked)
    features, notes = _features(wanted, table)
    asked_for = LabelledFile(data=wanted.data, target=wanted.target)
    metric = _metric(wanted, table)
    problem = problem_of(table.select([*features, wanted.target]), asked_for, metric)
    for name in wanted.baselines:
        if (name in NUMBER_METRICS) != (problem.task == "regression"):
            measures, holds = ("numbers", "classes") if name in NUMBER_METRICS else ("classes", "numbers")
            raise TrainingError(
                f"the baseline metric {name} measures {measures}, and column '{wanted.target}' holds {holds}; "
                "state another baseline or another target"
            )
    used = tuple(name for name in features if name in problem.kinds)
    return Checked(cast("Task", problem.task), metric, used, (*notes, *problem.notes))


def split_rows(asked: str, table: pa.Table, checked: Checked) -> Halves:
    """Keep a fifth of the labelled rows from learning; of classes, a fifth of each."""
    wanted = Wanted.model_validate_json(asked)
    labelled = table.select([*checked.features, wanted.target]).filter(has_label(table[wanted.target]))
    groups = _groups(labelled[wanted.target], checked.task)
    held = np.zeros(labelled.num_rows, dtype=bool)
    rng = np.random.default_rng(wanted.seed)
    for group in np.unique(groups):
        rows = rng.permutation(np.flatnonzero(groups == group))
        held[rows[: max(1, round(HELD * len(rows)))]] = True
    return Halves(labelled.filter(pa.array(~held)), labelled.filter(pa.array(held)))


def preprocess_rows(asked: str, checked: Checked, halves: Halves) -> Prepared:
    """Find the kind of each column, and cast the rows to learn from once for all who learn.

    What learns from values (scaling, encoding, filling) is part of each candidate, and fitted with it.

    Raises
    ------
    TrainingError
        Too few rows of a class.
    """
    wanted, learned = Wanted.model_validate_json(asked), halves.learned
    profile = Reference.from_table(learned, checked.features)
    kinds: dict[str, Kind] = {name: profile.columns[name].kind for name in checked.features}
    none = learned.slice(0, 0)
    return Prepared(
        make_examples(learned, none, first_row=0, target=wanted.target, task=checked.task, kinds=kinds), kinds
    )


def _features(wanted: Wanted, table: pa.Table) -> tuple[list[str], list[str]]:
    """The inputs that production will have, and what to say of the others."""
    there = [name for name in table.column_names if name != wanted.target]
    known = [name for name in wanted.columns if name != wanted.target]
    shared = keep(there, known)
    if not shared:
        raise ColumnMissingError(
            f"{wanted.data} has none of the reference's columns ({_listed(known)}); give rows of the same table"
        )
    gone, more = [name for name in known if name not in there], [name for name in there if name not in known]
    notes = [f"the reference has columns that {wanted.data} lacks: {_listed(gone)}"] if gone else []
    return shared, notes + ([f"not learned from, because the reference lacks them: {_listed(more)}"] if more else [])


def _listed(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")


def _metric(wanted: Wanted, table: pa.Table) -> Metric:
    """What candidates are compared by: what was asked for, as far as it measures such a target."""
    named: tuple[Metric, ...] = wanted.pipeline.evaluation.metrics if wanted.pipeline else ()
    stated: Metric = wanted.automl.objective_metric if wanted.automl else named[0] if named else "roc_auc"
    target = pd.Series(to_pandas(table.select([wanted.target]))[wanted.target])
    number = types.is_numeric_dtype(target.dtype) and not types.is_bool_dtype(target.dtype)
    if not number or not is_quantity(target):
        return "roc_auc" if stated in NUMBER_METRICS and not number else stated
    return stated if stated in NUMBER_METRICS else "r2"


def _groups(target: pa.ChunkedArray, task: str) -> NDArray[np.intp]:
    """The class of each row; numbers are one group."""
    if task == "regression":
        return np.zeros(len(target), dtype=np.intp)
    return np.unique(np.array(target.to_pylist()), return_inverse=True)[1]
