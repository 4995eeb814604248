"""What is to be predicted from what: frames as people have them, made fit for a search or refused with one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.training.automl.folds import Folds, grouped_folds, ordered_folds, stratified_folds
from duetmind_adaptive.training.automl.kinds import infer_kinds, usable_columns
from duetmind_adaptive.training.automl.scoring import CLASS_METRICS, NUMBER_METRICS

#: fewer labelled rows than this teach nothing
FEWEST_ROWS = 20
#: a column of whole numbers with more different values is a quantity, not a class
MOST_CLASSES = 20
#: a share of different values that a column of numbers has to exceed to be a quantity even with few of them
QUANTITY_SHARE = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Rows with a label, in the order of the data."""

    frame: pd.DataFrame
    #: class codes, or numbers
    target: NDArray[Any]
    #: in the order of the codes; empty for regression
    classes: tuple[Any, ...]
    #: binary | multiclass | regression
    task: str
    #: of the columns that are learned from
    kinds: dict[str, str]
    #: of each row, for folds; None where there are none
    groups: NDArray[Any] | None = None
    moments: NDArray[Any] | None = None
    #: what was left out, in sentences
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.target)

    def folds(self, count: int, seed: int) -> Folds:
        """Groups stay together, rows with a time are answered by older ones, classes are spread evenly."""
        if self.moments is not None:
            return ordered_folds(self.moments, count)
        if self.groups is not None:
            if len(pd.unique(self.groups)) < count:
                raise TrainingError(
                    f"the rows have {len(pd.unique(self.groups))} groups, and {count} folds need one each; "
                    "ask for fewer cv_folds"
                )
            return grouped_folds(self.groups, count, seed)
        return stratified_folds(self.target, count, seed)


def make_problem(
    frame: pd.DataFrame,
    target: Iterable[Any],
    *,
    metric: str,
    groups: Iterable[Any] | None = None,
    moments: Iterable[Any] | None = None,
    name: str = "the target",
) -> Problem:
    """Keep what can be learned from.

    Parameters
    ----------
    frame
        Features, any storage.
    target
        Of each row: classes or numbers; rows without are left out.
    metric
        Decides between classes and numbers where the target could be either.
    groups, moments
        Of each row: what belongs together, and when it was.
    name
        What errors call the target.

    Raises
    ------
    TrainingError
        When nothing can be learned: one sentence that says why and how to mend it.
    """
    frame, labels = pd.DataFrame(frame), as_series(target)
    _refuse_shapes(frame, labels, name)
    kept, notes = _labelled(labels, name)
    task, codes, classes = _encode(labels.iloc[kept], metric, name)
    if classes:
        frequent, left_out = _frequent(codes, classes, name)
        if left_out:
            kept = kept[frequent]
            task, codes, classes = _encode(labels.iloc[kept], metric, name)
            notes += left_out
    frame = pd.DataFrame(frame.iloc[kept]).reset_index(drop=True)
    kinds = usable_columns(frame, infer_kinds(frame))
    if not kinds:
        raise TrainingError("no feature column holds more than one value, so there is nothing to learn from")
    empty = [str(column) for column in frame.columns if str(column) not in kinds]
    return Problem(
        frame=frame,
        target=codes,
        classes=classes,
        task=task,
        kinds=kinds,
        groups=None if groups is None else as_series(groups).to_numpy()[kept],
        moments=None if moments is None else _ordered(as_series(moments).iloc[kept]),
        notes=(*notes, *_left_out(empty, "column", "columns", "with one value only")),
    )


def as_series(values: Iterable[Any]) -> pd.Series:
    """One value for each row, counted from 0."""
    return pd.Series(values if isinstance(values, pd.Series | np.ndarray) else list(values)).reset_index(drop=True)


def _refuse_shapes(frame: pd.DataFrame, labels: pd.Series, name: str) -> None:
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise TrainingError(f"the data has column '{twice[0]}' more than once; rename one of them")
    if len(frame) != len(labels):
        raise TrainingError(f"there are {len(frame)} rows and {len(labels)} values of {name}; give one for each row")
    if not len(frame.columns):
        raise TrainingError("there are no feature columns to learn from")


def _labelled(labels: pd.Series, name: str) -> tuple[NDArray[np.intp], list[str]]:
    """Positions of the rows that have a label, and what to say of the others."""
    known = labels.notna().to_numpy()
    if types.is_float_dtype(labels.dtype):
        known = known & np.isfinite(labels.to_numpy(np.float64, na_value=np.nan))
    if known.sum() < FEWEST_ROWS:
        raise TrainingError(
            f"{int(known.sum())} rows have a label in {name}; at least {FEWEST_ROWS} are needed, give more"
        )
    missing = int((~known).sum())
    note = (
        f"{missing:,} {'row' if missing == 1 else 'rows'} without a label {'was' if missing == 1 else 'were'} left out"
    )
    return np.flatnonzero(known), [note] if missing else []


def _encode(labels: pd.Series, metric: str, name: str) -> tuple[str, NDArray[Any], tuple[Any, ...]]:
    """Task, codes or numbers, and classes."""
    if labels.nunique() < 2:
        raise TrainingError(f"{name} has the same value in every labelled row, so there is nothing to learn")
    number = types.is_numeric_dtype(labels.dtype) and not types.is_bool_dtype(labels.dtype)
    if metric in NUMBER_METRICS:
        if not number:
            raise TrainingError(
                f"{metric} measures numbers, and {name} holds classes; choose one of {', '.join(CLASS_METRICS)}"
            )
        return "regression", labels.to_numpy(np.float64), ()
    if number and is_quantity(labels):
        raise TrainingError(
            f"{metric} measures classes, and {name} holds {labels.nunique()} different numbers; "
            f"choose one of {', '.join(NUMBER_METRICS)}, or give classes"
        )
    values = labels if number else labels.astype(object)
    codes, found = pd.factorize(values, sort=True)
    return ("binary" if len(found) == 2 else "multiclass"), codes.astype(np.int64), tuple(pd.Index(found).tolist())


def is_quantity(labels: pd.Series) -> bool:
    """Whether a column of numbers is to be predicted as numbers rather than as classes.

    >>> is_quantity(pd.Series([0, 1] * 50)), is_quantity(pd.Series(range(100)) / 3)
    (False, True)
    """
    different = labels.nunique()
    whole = bool((labels == labels.round()).all())
    return different > MOST_CLASSES and (not whole or different > QUANTITY_SHARE * len(labels))


def _frequent(codes: NDArray[Any], classes: tuple[Any, ...], name: str) -> tuple[NDArray[np.bool_], list[str]]:
    """Leave out rows of classes that no fold could both learn and answer."""
    counts = np.bincount(codes)
    rare = [str(classes[code]) for code in np.flatnonzero(counts < 2)]
    if len(rare) > len(classes) - 2 and rare:
        raise TrainingError(
            f"{name} has one row only of class '{rare[0]}', so it cannot be learned; give more rows of it"
        )
    return (counts >= 2)[codes], _left_out(rare, "class", "classes", "with one row only")


def _ordered(when: pd.Series) -> NDArray[Any]:
    """Moments as numbers that can be sorted."""
    if not types.is_numeric_dtype(when.dtype) and not types.is_datetime64_any_dtype(when.dtype):
        try:
            when = pd.Series(pd.to_datetime(when, utc=True))
        except (ValueError, TypeError) as error:
            raise TrainingError("the timestamp column holds values that are no moments; name another column") from error
    if when.isna().any():
        raise TrainingError("the timestamp column has missing values; fill them or leave those rows out")
    return when.to_numpy() if types.is_numeric_dtype(when.dtype) else when.astype("int64").to_numpy()


def _left_out(names: list[str], one: str, many: str, why: str) -> list[str]:
    """A sentence, where there is something to say."""
    if not names:
        return []
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    subject, verb = (one, "was") if len(names) == 1 else (many, "were")
    return [f"{len(names):,} {subject} {why} {verb} left out: {listed}"]


def as_codes(values: Iterable[Any], classes: Mapping[Any, int]) -> NDArray[np.int64]:
    """Codes of known classes; raises TrainingError naming one that is not."""
    found = [classes.get(value, -1) for value in values]
    if -1 in found:
        raise TrainingError("the validation rows hold a class that the training rows do not have")
    return np.asarray(found, dtype=np.int64)
