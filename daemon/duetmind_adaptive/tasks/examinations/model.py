"""The model beside its metric: whether its answers moved, its scores kept their meaning, and parts of the rows fell.

Each part works at its own share of the promise, and only beyond what blocks of the hold-out as long as a window show
to be natural.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Calibration, CheckReport, Segment
from duetmind_adaptive.drift.estimation.design import Binning, Codes, fit_binning
from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.drift.metrics import higher_is_better, measure, row_losses
from duetmind_adaptive.drift.model_drift import Fallen, Gap, answers_moved, calibration_moved, segments
from duetmind_adaptive.drift.performance import TOLERANCE, metric_scale
from duetmind_adaptive.records import ColumnReport, TestResult
from duetmind_adaptive.registry.layout import HOLDOUT
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.tasks.answered import FEWEST_ROWS, Answered, complete_answers, held_rows
from duetmind_adaptive.tasks.examinations.multivariate import rounded
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.view import View, stored

#: smallest changes that count: of answers (total variation), of calibration (expected error), and times what is natural
LEAST_ANSWERS, LEAST_CALIBRATION, BEYOND = 0.15, 0.03, 2.0
#: segments named, columns cut into segments, blocks of the hold-out held against its others, and sides kept in a worker
NAMED, MOST_COLUMNS, BLOCKS, KEPT = 5, 40, 5, 16


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The hold-out, and the largest changes that its own blocks show."""

    rows: Answered
    answers: NDArray[np.float64]
    binning: Binning
    codes: Codes
    losses: NDArray[np.float64] | None
    natural_answers: float
    natural_calibration: float
    natural_fall: float


def model(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add prediction drift, and with labels calibration drift and segments that fell; nothing without a hold-out."""
    names = tuple(name for name in view.features if view.reference.columns[name].kind != "datetime")
    side = side_of(view.version.folder, view.model.metric, view.model.task, names, rounded(view.window.rows))
    if side is None:
        return report, section
    report = replace(report, prediction=_prediction(view, side))
    if view.labelled is None:
        return report, section
    rows = complete_answers(view.model, view.labelled, view.answers)
    if rows is None:
        return report, section
    return replace(report, calibration=_calibration(view, side, rows), segments=_segments(view, side, rows)), section


def _prediction(view: View, side: Side) -> ColumnReport | None:
    if view.answers is None:
        return None
    prediction, score, _ = view.answers
    kept = complete_rows(prediction, None, score)
    answers = _answers(view.model.task, side.rows.classes, prediction[kept], None if score is None else score[kept])
    if answers is None or answers.size < FEWEST_ROWS:
        return None
    gap = answers_moved(side.answers, answers)
    telling = gap.p_value * view.alarm_checks("prediction") <= 1
    return ColumnReport(
        name="prediction",
        kind="numeric",
        drift=telling and gap.size >= max(LEAST_ANSWERS, BEYOND * side.natural_answers),
        effect=gap.size,
        tests={"total_variation": TestResult(statistic=gap.size, p_value=gap.p_value)},
    )


def _calibration(view: View, side: Side, rows: Answered) -> Calibration | None:
    if side.rows.score is None or side.rows.score.ndim > 1 or rows.score is None or view.model.task != "binary":
        return None
    gap = calibration_moved(_scored(side.rows), _scored(rows))
    if gap is None:
        return None
    least = max(LEAST_CALIBRATION, (BEYOND - 1) * side.natural_calibration)
    drift = gap.p_value * view.alarm_checks("calibration") <= 1 and gap.size - gap.usual >= least
    reason = f"The scores are off by {gap.size:.3f} on average, where it was {gap.usual:.3f}." if drift else ""
    return Calibration(error=gap.size, reference=gap.usual, p_value=gap.p_value, drift=drift, reason=reason)


def _segments(view: View, side: Side, rows: Answered) -> tuple[Segment, ...]:
    losses = _losses(view.model.metric, view.model.task, rows)
    if losses is None or side.losses is None:
        return ()
    codes = side.binning.codes(rows.features)
    found = segments(side.binning, (side.codes, codes), (side.losses, losses))
    alpha = 1 / view.alarm_checks("segments")
    telling = (part for part in found if part.p_value <= alpha and part.worse > BEYOND * side.natural_fall)
    told = (_segment(view.model, part, side.rows, rows) for part in telling)
    return tuple(segment for segment in told if segment is not None and segment.degraded)[:NAMED]


def _segment(model: Model, part: Fallen, before: Answered, after: Answered) -> Segment | None:
    """With the metric on both sides; degraded where that fell by more than does not count."""
    readings = [
        measure(
            model.metric,
            model.task,
            truth=rows.truth[inside],
            prediction=rows.prediction[inside],
            score=None if rows.score is None else rows.score[inside],
            classes=rows.classes,
        )
        for rows, inside in zip((before, after), part.inside, strict=True)
    ]
    reference, reading = readings
    if reference is None or reading is None:
        return None
    fall = reference.value - reading.value if higher_is_better(model.metric) else reading.value - reference.value
    return Segment(
        where=part.where,
        share=float(part.inside[1].mean()),
        reading=reading,
        reference=reference,
        p_adjusted=part.p_value,
        degraded=fall > TOLERANCE * metric_scale(reference),
    )


@lru_cache(maxsize=KEPT)
def side_of(folder: Path, metric: str, task: str, names: tuple[str, ...], window_rows: int) -> Side | None:
    """What a version's hold-out shows; None where it is too small."""
    table = stored(folder / HOLDOUT)
    if table is None or table.num_rows < 2 * FEWEST_ROWS:
        return None
    rows = held_rows(read_holdout(table))
    answers = _answers(task, rows.classes, rows.prediction, rows.score)
    if answers is None or answers.size < 2 * FEWEST_ROWS:
        return None
    known = keep(names, rows.features.column_names)[:MOST_COLUMNS]
    binning = fit_binning(rows.features.select(known))
    codes, losses = binning.codes(rows.features), _losses(metric, task, rows)
    scored = _scored(rows) if task == "binary" and rows.score is not None and rows.score.ndim == 1 else None

    def moved(inside: NDArray[np.bool_]) -> Gap | None:
        return answers_moved(answers[~inside], answers[inside])

    def miscalibrated(inside: NDArray[np.bool_]) -> Gap | None:
        if scored is None:
            return None
        return calibration_moved((scored[0][~inside], scored[1][~inside]), (scored[0][inside], scored[1][inside]))

    def fallen(inside: NDArray[np.bool_]) -> float:
        if losses is None:
            return 0.0
        parts = segments(binning, (codes[~inside], codes[inside]), (losses[~inside], losses[inside]))
        return max((part.worse for part in parts if part.p_value < 0.05), default=0.0)

    blocks = _blocks(answers.size, window_rows)
    return Side(
        rows=rows,
        answers=answers,
        binning=binning,
        codes=codes,
        losses=losses,
        natural_answers=_largest(moved, blocks),
        natural_calibration=_largest(miscalibrated, blocks),
        natural_fall=max((fallen(block) for block in blocks), default=0.0),
    )


def _blocks(rows: int, window_rows: int) -> list[NDArray[np.bool_]]:
    count = min(rows // max(window_rows, FEWEST_ROWS), BLOCKS)
    places = np.arange(rows) * max(count, 1) // max(rows, 1)
    return [places == each for each in range(count)] if count > 1 else []


def _largest(gap: Callable[[NDArray[np.bool_]], Gap | None], blocks: list[NDArray[np.bool_]]) -> float:
    """Of the significant ones: sizes of a sound block are chance."""
    found = (gap(block) for block in blocks)
    return max((each.size for each in found if each is not None and each.p_value < 0.05), default=0.0)


def _answers(
    task: str, classes: tuple[Any, ...] | None, prediction: NDArray[Any], score: NDArray[Any] | None
) -> NDArray[np.float64] | None:
    """One number for each row; None for several classes' scores, whose labels stand for them."""
    if task == "regression":
        return prediction.astype(np.float64)
    if score is not None and score.ndim == 1:
        return score.astype(np.float64)
    known = np.array(list(classes or sorted(set(prediction.tolist()))))
    return np.searchsorted(known, np.array(prediction.tolist())).astype(np.float64)


def _scored(rows: Answered) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score and label of a binary task."""
    known = np.array(list(rows.classes or sorted(set(rows.truth.tolist()))))
    label = (np.array(rows.truth.tolist()) == known[-1]).astype(np.float64)
    return np.asarray(rows.score, dtype=np.float64), label


def _losses(metric: str, task: str, rows: Answered) -> NDArray[np.float64] | None:
    """Of the metric where it has losses of rows; else whether the answer is wrong."""
    given = metric if metric in {"accuracy", "log_loss", "mae", "rmse", "r2"} else "accuracy"
    return row_losses(given, task, rows.truth, rows.prediction, rows.score, classes=rows.classes)
