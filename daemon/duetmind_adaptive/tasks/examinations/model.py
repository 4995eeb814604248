"""Model: what moved beside the metric: answers and, with labels, the calibration of scores and parts of the rows.

Answers are followed by evidence over windows, as columns are; calibration and segments are judged window by window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Calibration, CheckReport, Segment
from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.estimation.design import Codes
from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.drift.metrics import higher_is_better, measure
from duetmind_adaptive.drift.model_drift import answers_moved, calibration_moved
from duetmind_adaptive.drift.performance import TOLERANCE, metric_scale
from duetmind_adaptive.drift.segments import Fallen
from duetmind_adaptive.records import ColumnReport, TestResult
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.answered import FEWEST_ROWS, Answered
from duetmind_adaptive.tasks.examinations.multivariate import rounded
from duetmind_adaptive.tasks.labelled import labelled_windows
from duetmind_adaptive.tasks.model_side import Side, answer_numbers, calibrated, losses_of, scored, side_of
from duetmind_adaptive.tasks.view import View, middle

#: smallest changes that count: of answers (total variation), of calibration (expected error), and those of answers and
#: of a segment's loss times what is natural
LEAST_ANSWERS, LEAST_CALIBRATION, BEYOND = 0.15, 0.03, 2.0
#: segments named, and share of their rows from which on two of them are one
NAMED, ALIKE = 5, 0.5


def model(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add prediction drift, and of the newest labelled window calibration drift and segments that fell."""
    names = view.known
    side = side_of(view.version.folder, view.model.metric, view.model.task, names, rounded(view.window.rows))
    if side is None:
        return report, section
    prediction, section = _prediction(view, side, section)
    report = replace(report, prediction=prediction)
    for _, rows in labelled_windows(view, report, newest=True):
        calibration, parts = _calibration(view, side, rows), _segments(view, side, rows)
        report = replace(report, calibration=calibration, segments=parts)
    return report, section


def _prediction(view: View, side: Side, section: Any | None) -> tuple[ColumnReport | None, Any | None]:
    answers = _answers(view, side)
    if answers is None or answers.size < FEWEST_ROWS:
        return None, section
    evidence = Evidence.from_json(section, side.watch.size) if section else Evidence.none(side.watch.size)
    checks, moment = view.alarm_checks("prediction"), middle(view.window)
    means, rows = side.watch.columns["prediction"].means(pa.chunked_array([answers]))
    evidence = side.watch.see_means(evidence, means, rows, row=view.window.first_row, moment=moment, checks=checks)
    gap = answers_moved(side.answers, answers)
    least = max(LEAST_ANSWERS, BEYOND * side.natural_answers)
    report = ColumnReport(
        name="prediction",
        kind="numeric",
        drift=bool(side.watch.judge(evidence, checks).moved) and gap.size >= least,
        effect=gap.size,
        tests={"total_variation": TestResult(statistic=gap.size, p_value=gap.p_value)},
    )
    return report, evidence.to_json()


def _answers(view: View, side: Side) -> NDArray[np.float64] | None:
    """One number for each row of the window that was answered."""
    if view.answers is None:
        return None
    prediction, score, _ = view.answers
    kept = complete_rows(prediction, None, score)
    given = None if score is None else score[kept]
    return answer_numbers(view.model.task, side.rows.classes, prediction[kept], given)


def _calibration(view: View, side: Side, rows: Answered) -> Calibration | None:
    if not (calibrated(view.model.task, side.rows) and calibrated(view.model.task, rows)):
        return None
    gap = calibration_moved(scored(side.rows), scored(rows))
    if gap is None:
        return None
    least = max(LEAST_CALIBRATION, side.natural_calibration)
    drift = gap.p_value * view.alarm_checks("calibration") <= 1 and gap.size - gap.usual >= least
    reason = f"The scores are off by {gap.size:.3f} on average, where it was {gap.usual:.3f}." if drift else ""
    return Calibration(error=gap.size, reference=gap.usual, p_value=gap.p_value, drift=drift, reason=reason)


def _segments(view: View, side: Side, rows: Answered) -> tuple[Segment, ...]:
    losses = losses_of(view.model.metric, view.model.task, rows)
    if losses is None or side.parts is None:
        return ()
    codes = side.binning.codes(rows.features)
    found = side.parts.segments(codes, losses)
    alpha = 1 / view.alarm_checks("segments")
    telling = (part for part in found if part.p_value <= alpha and part.worse > BEYOND * side.natural_fall)
    kept = list[Fallen]()
    for part in telling:
        if not any(_alike(part.inside(codes), other.inside(codes)) for other in kept):
            kept.append(part)
    told = (_segment(view.model, part, (side.rows, side.codes), (rows, codes)) for part in kept)
    return tuple(segment for segment in told if segment is not None and segment.degraded)[:NAMED]


def _alike(here: NDArray[np.bool_], there: NDArray[np.bool_]) -> bool:
    """Whether two parts are mostly the same rows of the window: naming the more certain one is enough."""
    return int((here & there).sum()) >= ALIKE * int((here | there).sum())


def _segment(
    model: Model, part: Fallen, before: tuple[Answered, Codes], after: tuple[Answered, Codes]
) -> Segment | None:
    """With the metric on both sides; degraded where that fell by more than does not count."""
    readings = [
        measure(
            model.metric,
            model.task,
            truth=rows.truth[inside := part.inside(codes)],
            prediction=rows.prediction[inside],
            score=None if rows.score is None else rows.score[inside],
            classes=rows.classes,
        )
        for rows, codes in (before, after)
    ]
    reference, reading = readings
    if reference is None or reading is None:
        return None
    fall = reference.value - reading.value if higher_is_better(model.metric) else reading.value - reference.value
    return Segment(
        where=part.where,
        share=float(part.inside(after[1]).mean()),
        reading=reading,
        reference=reference,
        p_adjusted=part.p_value,
        degraded=fall > TOLERANCE * metric_scale(reference),
    )
