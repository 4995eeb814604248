"""A model's hold-out as its examination looks at it: answers, losses, and the largest changes of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.columns import ColumnProfile, summarise
from duetmind_adaptive.drift.estimation.design import Binning, Codes, fit_binning
from duetmind_adaptive.drift.metrics import row_losses
from duetmind_adaptive.drift.model_drift import answers_moved, calibration_moved
from duetmind_adaptive.drift.segments import HeldOut, segments
from duetmind_adaptive.registry.layout import HOLDOUT
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.tasks.answered import FEWEST_ROWS, Answered, held_rows
from duetmind_adaptive.tasks.habits import habits_of
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.view import stored

Floats = NDArray[np.float64]

#: columns cut into segments, blocks of the hold-out held against its others, and sides kept in a worker
MOST_COLUMNS, BLOCKS, KEPT = 40, 20, 16
#: what a block shows counts when chance would do so less often than this
LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The hold-out, and the largest changes that its own blocks show."""

    rows: Answered
    answers: Floats
    #: over the answers, as over a column
    watch: Watch
    binning: Binning
    codes: Codes
    losses: Floats | None
    #: cut into the segments that windows are compared by; None where the metric has no losses
    parts: HeldOut | None
    natural_answers: float
    natural_calibration: float
    natural_fall: float


@lru_cache(maxsize=KEPT)
def side_of(folder: Path, metric: str, task: str, names: tuple[str, ...], window_rows: int) -> Side | None:
    """What a version's hold-out shows; None where it is too small."""
    table = stored(folder / HOLDOUT)
    if table is None or table.num_rows < 2 * FEWEST_ROWS:
        return None
    rows = held_rows(read_holdout(table))
    answers = answer_numbers(task, rows.classes, rows.prediction, rows.score)
    if answers is None or answers.size < 2 * FEWEST_ROWS:
        return None
    known = keep(names, rows.features.column_names)[:MOST_COLUMNS]
    binning = fit_binning(rows.features.select(known))
    codes, losses = binning.codes(rows.features), losses_of(metric, task, rows)
    blocks = rows.blocks(window_rows, BLOCKS)
    return Side(
        rows=rows,
        answers=answers,
        watch=Watch.of({"prediction": answer_profile(answers)}, habits_of(folder).answers),
        binning=binning,
        codes=codes,
        losses=losses,
        parts=None if losses is None else HeldOut(binning, codes, losses),
        natural_answers=_natural_answers(answers, blocks),
        natural_calibration=_natural_calibration(task, rows, blocks),
        natural_fall=_natural_fall(binning, codes, losses, blocks),
    )


def _natural_answers(answers: Floats, blocks: Sequence[NDArray[np.bool_]]) -> float:
    gaps = (answers_moved(answers[~each], answers[each]) for each in blocks)
    return max((gap.size for gap in gaps if gap.p_value < LEVEL), default=0.0)


def _natural_calibration(task: str, rows: Answered, blocks: Sequence[NDArray[np.bool_]]) -> float:
    if not calibrated(task, rows):
        return 0.0
    score, label = scored(rows)
    gaps = (calibration_moved((score[~each], label[~each]), (score[each], label[each])) for each in blocks)
    return max((gap.size for gap in gaps if gap is not None and gap.p_value < LEVEL), default=0.0)


def _natural_fall(binning: Binning, codes: Codes, losses: Floats | None, blocks: Sequence[NDArray[np.bool_]]) -> float:
    if losses is None:
        return 0.0
    parts = (segments(binning, (codes[~each], codes[each]), (losses[~each], losses[each])) for each in blocks)
    return max((part.worse for found in parts for part in found if part.p_value < LEVEL), default=0.0)


def answer_profile(answers: Floats) -> ColumnProfile:
    """The answers as a column."""
    return summarise("prediction", pa.chunked_array([answers]), kind="numeric")


def answer_numbers(
    task: str, classes: tuple[Any, ...] | None, prediction: NDArray[Any], score: NDArray[Any] | None
) -> Floats | None:
    """One number for each row; of several classes the place of the one answered."""
    if task == "regression":
        return prediction.astype(np.float64)
    if score is not None and score.ndim == 1:
        return score.astype(np.float64)
    known = np.array(list(classes or sorted(set(prediction.tolist()))))
    return np.searchsorted(known, np.array(prediction.tolist())).astype(np.float64)


def calibrated(task: str, rows: Answered) -> bool:
    """Whether there is one score for each row, the probability of the second class."""
    return task == "binary" and rows.score is not None and rows.score.ndim == 1


def scored(rows: Answered) -> tuple[Floats, Floats]:
    """Score and label of a binary task."""
    known = np.array(list(rows.classes or sorted(set(rows.truth.tolist()))))
    label = (np.array(rows.truth.tolist()) == known[-1]).astype(np.float64)
    return np.asarray(rows.score, dtype=np.float64), label


def losses_of(metric: str, task: str, rows: Answered) -> Floats | None:
    """Of the metric where it has losses of rows; else whether the answer is wrong."""
    given = metric if metric in {"accuracy", "log_loss", "mae", "rmse", "r2"} else "accuracy"
    return row_losses(given, task, rows.truth, rows.prediction, rows.score, classes=rows.classes)
