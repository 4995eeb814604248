"""What a pipeline answers to rows that it did not learn from, fold by fold: the honest way to measure it.

Everything that is learned, statistics of the preprocessing included, is learned inside the fold: the learner gets the
fold's own rows and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.training.automl.folds import NEVER, Folds, learning_rows
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import answers


class Fits(Protocol):
    """What learns from examples, each time anew."""

    def fit(self, examples: Examples) -> Pipeline:
        """A fitted pipeline."""
        ...


def out_of_fold(
    learner: Fits, examples: Examples, folds: Folds, *, ordered: bool, told: Callable[[int], None] | None = None
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.float64] | None]:
    """Answers to all rows that are held out once.

    Parameters
    ----------
    learner : Fits
        Learns from the rows of the other folds.
    examples : Examples
        Cast rows with their targets.
    folds : array of int, shape (n,)
        The fold of each row, `NEVER` for those that are only learned from.
    ordered : bool
        Whether a fold is answered by older rows only.
    told : callable, optional
        Gets the number of folds done after each.

    Returns
    -------
    rows, predictions, probabilities
        Positions of the answered rows, what was predicted, and a column for each class (None for numbers).

    Raises
    ------
    TrainingError
        When a fold cannot be learned.
    """
    rows, predicted, scores = list[NDArray[np.intp]](), list[NDArray[Any]](), list[NDArray[np.float64]]()
    for done, fold in enumerate(np.unique(folds[folds != NEVER]).tolist(), start=1):
        learned = np.flatnonzero(learning_rows(folds, fold, ordered=ordered))
        held = np.flatnonzero(folds == fold)
        learn = examples.take(learned)
        _refuse(learn)
        prediction, score = answers(learner.fit(learn), examples.take(held))
        rows.append(held)
        predicted.append(prediction)
        scores.extend([] if score is None else [score])
        if told:
            told(done)
    return np.concatenate(rows), np.concatenate(predicted), np.concatenate(scores) if scores else None


def _refuse(learn: Examples) -> None:
    if not learn.classes.size:
        return
    counts = np.bincount(learn.target, minlength=learn.classes.size)
    if not counts.all():
        raise TrainingError(
            f"a fold would have to answer class '{learn.classes[counts.argmin()]}' without a row of it to learn from; "
            "give more rows of it or ask for fewer folds (evaluation.folds)"
        )
