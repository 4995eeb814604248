"""What the challenger gains in each row: a paired loss in the units nearest to the metric, for parts of the traffic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.labels import classify
from duetmind_adaptive.drift.metrics import row_losses
from duetmind_adaptive.registry.gate import Answers

Floats = NDArray[np.float64]

#: metrics of answers, whose rows are right or wrong
OF_ANSWERS = frozenset({"accuracy", "balanced_accuracy", "f1"})
#: what a row loses, in words, where it is not a squared error
WORDS = {"log_loss": "log loss", "mae": "absolute error"} | dict.fromkeys(OF_ANSWERS, "share of wrong answers")


class RowGain(NamedTuple):
    """The champion's loss less the challenger's."""

    #: of each row
    gain: Floats
    #: what is lost, in words
    loss: str
    #: whether a loss is 0 or 1
    right_or_wrong: bool


def row_gain(
    metric: str,
    task: str,
    truth: NDArray[Any],
    champion: Answers,
    challenger: Answers,
    *,
    classes: Sequence[Any] | None = None,
) -> RowGain | None:
    """Compare row by row, on complete rows; None where one of them gave no scores and the metric is of scores.

    Examples
    --------
    >>> truth, blind = np.array([0, 1, 1]), Answers(np.array([0, 0, 0]), np.array([0.5, 0.5, 0.5]))
    >>> sees = Answers(np.array([0, 1, 0]), np.array([0.0, 1.0, 0.5]))
    >>> row_gain("f1", "binary", truth, blind, sees).gain
    array([0., 1., 0.])
    >>> row_gain("roc_auc", "binary", truth, blind, sees).gain
    array([0.25, 0.25, 0.  ])
    """
    name = "accuracy" if metric in OF_ANSWERS else metric
    before, after = (_losses(name, task, truth, answers, classes) for answers in (champion, challenger))
    if before is None or after is None:
        return None
    return RowGain(before - after, WORDS.get(metric, "squared error"), right_or_wrong=metric in OF_ANSWERS)


def _losses(
    metric: str, task: str, truth: NDArray[Any], answers: Answers, classes: Sequence[Any] | None
) -> Floats | None:
    if metric != "roc_auc":
        return row_losses(metric, task, truth, *answers, classes=classes)
    known = classify(task, truth, None, answers.score, classes)
    if known.probabilities is None:
        return None
    return (1 - known.probabilities[np.arange(truth.size), known.truth]) ** 2
