"""Concept: whether the relation of inputs and label changed in the windows whose labels are in.

The newest labelled window decides; others whose labels came in meanwhile only add to the stream of errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import CheckReport, Concept
from duetmind_adaptive.drift.concept.residuals import Rows, residuals
from duetmind_adaptive.drift.concept.stream import Stream
from duetmind_adaptive.drift.concept.verdict import FEWEST_ROWS, Related, Relation, relate
from duetmind_adaptive.drift.estimation.design import fit_binning
from duetmind_adaptive.drift.labels import Classified, classify
from duetmind_adaptive.drift.metrics import higher_is_better, metric_value
from duetmind_adaptive.registry.layout import HOLDOUT
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.tasks.answered import Answered, held_rows
from duetmind_adaptive.tasks.examinations.multivariate import rounded
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.labelled import labelled_windows
from duetmind_adaptive.tasks.view import View, middle, stored

#: columns looked at, those that the residuals depend on most
MOST_COLUMNS = 25
#: relations kept in a worker
KEPT = 16


def concept(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add the verdict on the newest window whose labels are in; nothing without labels or hold-out."""
    names = view.known
    known = relation_of(view.version.folder, view.model.task, names, rounded(view.window.rows))
    if known is None:
        return report, section
    stream, found = Stream.from_section(section), None
    for each, rows in labelled_windows(view, report):
        window = Rows(known.relation.binning.codes(rows.features), known.residuals(rows))
        habit = view.habits.of_errors(len(window), middle(each))
        checks = view.alarm_checks("concept")
        related = relate(known.relation, stream, window, each.first_row, checks=checks, habit=habit)
        if related is not None:
            stream = related.stream
            found = replace(related.concept, gain=_gain(view.model, rows, related, known.scale))
    return replace(report, concept=found or _unknown(report)), stream.to_section()


def _unknown(report: CheckReport) -> Concept | None:
    """Labels that came for inputs unlike all that is known say nothing; without labels there is nothing to say."""
    if report.performance is None and not report.late:
        return None
    return Concept(
        reason="Too few of the labelled rows lie where the model's hold-out does to tell a change of concept."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a version's hold-out shows."""

    relation: Relation
    task: str
    #: in the order of the scores' columns; None for regression
    classes: tuple[Any, ...] | None
    #: size of a number's residual
    scale: float

    def residuals(self, rows: Answered) -> NDArray[np.float64]:
        """As the relation takes them."""
        classes = rows.classes or self.classes
        return residuals(self.task, rows.truth, rows.prediction, rows.score, classes=classes, scale=self.scale)


@lru_cache(maxsize=KEPT)
def relation_of(folder: Path, task: str, names: tuple[str, ...], window_rows: int) -> Known | None:
    """What the version's hold-out shows of these columns; None where it is too small."""
    table = stored(folder / HOLDOUT)
    if table is None or table.num_rows < 2 * FEWEST_ROWS:
        return None
    rows = held_rows(read_holdout(table))
    scale = 1.0
    if task == "regression":
        scale = float(np.std(rows.truth.astype(np.float64) - rows.prediction.astype(np.float64))) or 1.0
    left = residuals(task, rows.truth, rows.prediction, rows.score, classes=rows.classes, scale=scale)
    binning = fit_binning(rows.features.select(keep(names, rows.features.column_names)))
    codes = binning.codes(rows.features)
    if len(binning.names) > MOST_COLUMNS:
        told = np.array([_between(column, left) for column in codes.T])
        chosen = np.sort(np.argsort(-told, kind="stable")[:MOST_COLUMNS])
        binning, codes = binning.only(chosen.tolist()), codes[:, chosen]
    return Known(Relation.of(binning, Rows(codes, left), rows.run or window_rows), task, rows.classes, scale)


def _between(codes: NDArray[np.int8], left: NDArray[np.float64]) -> float:
    """How much of the residuals' lengths the bins of one column tell apart."""
    sizes = np.bincount(codes)
    losses = np.abs(left).sum(axis=1)
    sums = np.bincount(codes, losses - losses.mean())
    return float((sums**2 / np.maximum(sizes, 1)).sum())


def _gain(model: Model, rows: Answered, related: Related, scale: float) -> float | None:
    """What the corrected answers would add to the metric on the rows looked at; None where it is undefined."""
    kept, correction = related.looked_at, related.correction
    truth, prediction = rows.truth[kept], rows.prediction[kept]
    if model.task == "regression":
        values = [prediction.astype(np.float64), prediction.astype(np.float64) + scale * correction[:, 0]]
        pair = [metric_value(model.metric, model.task, truth.astype(np.float64), each) for each in values]
    else:
        score = None if rows.score is None else rows.score[kept]
        known = classify(model.task, truth, prediction, score, rows.classes)
        answered = known.prediction if known.prediction is not None else known.truth
        before = np.eye(known.classes)[answered] if known.probabilities is None else known.probabilities
        change = np.column_stack([-correction, correction]) if correction.shape[1] == 1 else correction
        pair = [_measured(model, known, each) for each in (before, np.clip(before + change, 1e-6, 1.0))]
    gain = pair[1] - pair[0] if higher_is_better(model.metric) else pair[0] - pair[1]
    return gain if math.isfinite(gain) else None


def _measured(model: Model, known: Classified, probabilities: NDArray[np.float64]) -> float:
    score = probabilities / probabilities.sum(axis=1, keepdims=True)
    classes = list(range(known.classes))
    answered = score.argmax(axis=1)
    given = score[:, 1] if known.classes == 2 else score
    return metric_value(model.metric, model.task, known.truth, answered, given, classes=classes)
