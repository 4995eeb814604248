"""Labelled rows with a champion's answers, complete ones only: of a window, and of a version's hold-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.holdout import Holdout
from duetmind_adaptive.tasks.measure import Answers

#: fewer complete rows of a window say nothing
FEWEST_ROWS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Rows in the order of time; arrays of equal length."""

    features: pa.Table
    truth: NDArray[Any]
    prediction: NDArray[Any]
    score: NDArray[Any] | None
    classes: tuple[Any, ...] | None
    #: of a hold-out that has gaps: how many neighbouring rows follow each other
    run: int | None = None

    def blocks(self, window_rows: int, most: int) -> list[NDArray[np.bool_]]:
        """Its rows in blocks that last as long as a window, at most so many; none where it has but one."""
        length = self.run or max(window_rows, FEWEST_ROWS)
        count = min(round(len(self.truth) / length) if self.run else len(self.truth) // length, most)
        places = np.arange(len(self.truth)) * max(count, 1) // max(len(self.truth), 1)
        return [places == each for each in range(count)] if count > 1 else []


def complete_answers(model: Model, table: pa.Table, answers: Answers | None) -> Answered | None:
    """The rows of a labelled window that can be measured; None for too few of them."""
    if answers is None or model.target is None or model.target not in table.column_names:
        return None
    prediction, score, classes = answers
    truth = table[model.target].to_numpy(zero_copy_only=False)
    kept = complete_rows(truth, prediction, score)
    if kept.sum() < FEWEST_ROWS:
        return None
    places = pa.array(np.flatnonzero(kept))
    score = None if score is None else np.asarray(score, dtype=np.float64)[kept]
    return Answered(table.take(places), truth[kept], prediction[kept], score, tuple(classes) if classes else None)


def held_rows(holdout: Holdout) -> Answered:
    """Complete rows of the hold-out."""
    kept = complete_rows(holdout.truth, holdout.prediction, holdout.score)
    places = np.flatnonzero(kept)
    score = None if holdout.score is None else holdout.score[places]
    features = holdout.features.take(pa.array(places))
    run = round(holdout.run * kept.mean()) if holdout.run else None
    return Answered(
        features, holdout.truth[places], holdout.prediction[places], score, holdout.classes or None, run or None
    )
