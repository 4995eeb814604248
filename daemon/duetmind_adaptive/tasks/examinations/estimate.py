"""Estimate: the metric of a window whose labels are not in, and what late labels teach about such estimates."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.check_report import CheckReport, Estimate
from duetmind_adaptive.drift.estimation.calibrator import fit_calibrator
from duetmind_adaptive.drift.estimation.design import fit_binning
from duetmind_adaptive.drift.estimation.estimator import Classes, Estimator, Numbers, Raw
from duetmind_adaptive.drift.estimation.feedback import CONFIDENCE, Feedback, Sent
from duetmind_adaptive.drift.estimation.scale import scale_of
from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.drift.metrics import higher_is_better, measure
from duetmind_adaptive.drift.performance import TOLERANCE, metric_scale
from duetmind_adaptive.records import MetricReading
from duetmind_adaptive.registry.layout import HOLDOUT
from duetmind_adaptive.sources.columns import keep
from duetmind_adaptive.stats.intervals import normal_quantile
from duetmind_adaptive.tasks.answered import FEWEST_ROWS, held_rows
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.measure import Answers
from duetmind_adaptive.tasks.view import View, stored

#: share of the window's rows that must lie where the hold-out does, until late labels have told how estimates do there
KNOWN_SHARE, LEARNED = 0.5, 3
#: estimators kept in a worker
KEPT = 16


def estimate(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Learn from the labels that came in, and estimate the metric of this window if its own did not."""
    feedback = Feedback.from_section(section)
    for each in sorted(report.late, key=lambda late: late.window.first_row):
        feedback = feedback.learn(each.window.first_row, scale_of(each.reading.name).to(each.reading.value))
    if report.performance is not None or view.model.target is None:
        return report, feedback.to_section()
    names = view.known
    estimator = estimator_of(view.version.folder, view.model.metric, view.model.task, names)
    raw = raw_estimate(estimator, view.table, view.answers) if estimator else None
    if estimator is None or raw is None:
        return report, feedback.to_section()
    sent = feedback.send(view.window.first_row, raw)
    found = _told(sent, raw, estimator.reference, feedback.learned, view.alarm_checks("estimate"))
    found = replace(found, rows=view.window.rows)
    return replace(report, estimate=found), feedback.sent(sent).to_section()


def _told(sent: Sent, raw: Raw, reference: MetricReading, learned: int, checks: float) -> Estimate:
    scale, rises = scale_of(reference.name), higher_is_better(reference.name)
    trusted = raw.known >= KNOWN_SHARE or learned >= LEARNED
    reach = sent.reach * normal_quantile(1 - 2 / checks) / normal_quantile(CONFIDENCE)
    at_best = scale.back(sent.value + (reach if rises else -reach))
    worse = reference.value - at_best if rises else at_best - reference.value
    reason = f"only {raw.known:.0%} of the rows lie where rows with known labels did; the others cannot be known"
    return Estimate(
        metric=reference.name,
        value=scale.back(sent.value),
        low=scale.back(sent.value - sent.reach),
        high=scale.back(sent.value + sent.reach),
        confidence=CONFIDENCE,
        rows=0,
        reference=reference.value,
        trusted=trusted,
        reason="" if trusted else reason,
        fallen=trusted and worse > TOLERANCE * metric_scale(reference),
    )


@lru_cache(maxsize=KEPT)
def estimator_of(folder: Path, metric: str, task: str, names: tuple[str, ...]) -> Estimator | None:
    """What a version's hold-out teaches; None without one, or where the metric is undefined on it."""
    table = stored(folder / HOLDOUT)
    if table is None or table.num_rows < FEWEST_ROWS:
        return None
    rows = held_rows(read_holdout(table))
    reading = measure(
        metric, task, truth=rows.truth, prediction=rows.prediction, score=rows.score, classes=rows.classes
    )
    if reading is None:
        return None
    binning = fit_binning(rows.features.select(keep(names, rows.features.column_names)))
    codes = binning.codes(rows.features)
    if task == "regression":
        truth, prediction = rows.truth.astype(np.float64), rows.prediction.astype(np.float64)
        return Estimator(binning, codes, Numbers.of(metric, truth, prediction, codes), reading)
    known = np.array(rows.classes)
    truth, prediction = (np.searchsorted(known, _plain(part)) for part in (rows.truth, rows.prediction))
    scores = _by_class(rows.score, prediction, known.size)
    side = Classes(metric, task, truth, prediction, scores, fit_calibrator(scores, truth))
    return Estimator(binning, codes, side, reading)


def raw_estimate(estimator: Estimator, table: pa.Table, answers: Answers | None) -> Raw | None:
    """Of a window's rows and the champion's answers to them; None where those are too few or of other classes."""
    if answers is None:
        return None
    prediction, score, classes = answers
    kept = complete_rows(prediction, None, score)
    if kept.sum() < FEWEST_ROWS:
        return None
    prediction, score = prediction[kept], None if score is None else np.asarray(score, dtype=np.float64)[kept]
    codes = estimator.binning.codes(table.take(pa.array(np.flatnonzero(kept))))
    if not isinstance(estimator.side, Classes):
        return estimator.of_numbers(prediction.astype(np.float64), codes)
    known = np.array(list(classes)) if classes is not None else None
    held = estimator.side.scores.shape[1]
    if known is None or known.size != held:
        return None
    places = np.searchsorted(known, _plain(prediction))
    return estimator.of_classes(places, _by_class(score, places, held), codes)


def _by_class(score: NDArray[np.float64] | None, prediction: NDArray[np.intp], classes: int) -> NDArray[np.float64]:
    """Probabilities of each class; an answer without scores is sure of itself."""
    if score is None:
        return np.eye(classes)[prediction]
    return np.column_stack([1 - score, score]) if score.ndim == 1 else score


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    return np.array(values.tolist()) if values.dtype.kind == "O" else values
