"""Labelled rows in time order: what is learned from, as a frame of cast columns and a target of codes or numbers.

Rows are counted as everywhere: production from 0 on, the reference's right before it, so its rows are negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.sources.compute import pc
from duetmind_adaptive.training.custom_pipeline.casting import cast_frame

#: fewer rows than this teach nothing
FEWEST_ROWS = 30
#: of each class; three folds of a calibration need one each
FEWEST_PER_CLASS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Rows with a label, oldest first; arrays of equal length."""

    #: the columns `ColumnCaster` makes
    frame: pd.DataFrame
    #: codes into `classes`, or numbers
    target: NDArray[Any]
    #: the number of each row
    rows: NDArray[np.int64]
    #: ascending; empty for regression
    classes: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int) -> Examples:
        """The examples `[start, stop)`, counted from 0."""
        part = slice(start, stop)
        return Examples(self.frame.iloc[part], self.target[part], self.rows[part], self.classes)

    def take(self, positions: NDArray[np.intp]) -> Examples:
        """The examples at these positions."""
        return Examples(self.frame.iloc[positions], self.target[positions], self.rows[positions], self.classes)

    @property
    def truth(self) -> NDArray[Any]:
        """The target as the data has it."""
        return self.classes[self.target] if self.classes.size else self.target

    @property
    def teach(self) -> bool:
        """Whether a model can be fitted: rows enough, and every class a few times."""
        if not self.classes.size:
            return len(self) >= FEWEST_ROWS
        counts = np.bincount(self.target, minlength=self.classes.size)
        return len(self) >= FEWEST_ROWS and int(counts.min()) >= FEWEST_PER_CLASS


def has_label(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which labels are there and, for numbers, finite."""
    known = pc.is_valid(column)
    return pc.fill_null(pc.is_finite(column), False) if pa.types.is_floating(column.type) else known


def make_examples(
    reference: pa.Table, production: pa.Table, *, first_row: int, target: str, task: str, kinds: Mapping[str, str]
) -> Examples:
    """Put the labelled rows of reference and production into one line.

    Parameters
    ----------
    reference, production
        With the target column, null where the label is not known.
    first_row
        The number of the first row in `production`.
    target, task
        As in the configuration.
    kinds
        Feature name to its kind.

    Raises
    ------
    TrainingError
        When nothing can be learned from these labels; one sentence says why.
    """
    parts = [(reference, -reference.num_rows), (production, first_row)]
    frames, truths, rows = [], [], []
    for table, first in parts:
        keep = has_label(table[target])
        known = table.filter(keep)
        frames.append(cast_frame(known, kinds))
        truths.append(_values(known[target]))
        rows.append(first + np.flatnonzero(keep.to_numpy(zero_copy_only=False)))
    truth = _join(truths, target)
    codes, classes = _encode(truth, target, task)
    frame = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    examples = Examples(frame, codes, np.concatenate(rows).astype(np.int64), classes)
    _refuse(examples, target)
    return examples


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    values = column.to_numpy(zero_copy_only=False)
    return np.array(values.tolist()) if values.dtype == object else values


def _join(truths: list[NDArray[Any]], target: str) -> NDArray[Any]:
    present = [truth for truth in truths if truth.size]
    if not present:
        raise TrainingError(f"no row has a label in column '{target}'; is it the right column, or are labels late?")
    if len({truth.dtype.kind in "biuf" for truth in present}) > 1:
        raise TrainingError(f"column '{target}' holds numbers in one source and words in the other; store one type")
    return np.concatenate(present)


def _encode(truth: NDArray[Any], target: str, task: str) -> tuple[NDArray[Any], NDArray[Any]]:
    if task == "regression":
        if truth.dtype.kind not in "biuf":
            raise TrainingError(f"column '{target}' holds words, and regression predicts numbers; mend task or target")
        return truth.astype(np.float64), np.array([])
    classes, codes = np.unique(truth, return_inverse=True)
    if task == "binary" and classes.size > 2:
        raise TrainingError(f"column '{target}' has {classes.size} values, and a binary task has two; use multiclass")
    return codes, classes


def _refuse(examples: Examples, target: str) -> None:
    if len(examples) < FEWEST_ROWS:
        raise TrainingError(
            f"{len(examples)} rows have a label in column '{target}'; at least {FEWEST_ROWS} are needed"
        )
    if np.ptp(examples.target) == 0:
        raise TrainingError(f"column '{target}' has the same value in every labelled row, so there is nothing to learn")
    if examples.classes.size:
        counts = np.bincount(examples.target)
        rarest, fewest = examples.classes[counts.argmin()], int(counts.min())
        if fewest < FEWEST_PER_CLASS:
            raise TrainingError(
                f"column '{target}' has {fewest} labelled row{'s' if fewest > 1 else ''} of class '{rarest}'; "
                f"at least {FEWEST_PER_CLASS} of each class are needed"
            )
