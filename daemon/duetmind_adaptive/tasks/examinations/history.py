"""Keeps the series of the model's windows, and has everyone look at them who asks how they came or where they go."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.series import History, append, fill_late
from duetmind_adaptive.tasks.examinations.explained import explained
from duetmind_adaptive.tasks.examinations.predicted import predicted
from duetmind_adaptive.tasks.examinations.since import since
from duetmind_adaptive.tasks.examinations.unusual import unusual
from duetmind_adaptive.tasks.measure import Answers
from duetmind_adaptive.tasks.view import View

#: adds to the report what the history, this window included, says
Look = Callable[[View, CheckReport, History], CheckReport]

#: in the order in which they look
LOOKS: tuple[Look, ...] = (explained, since, predicted, unusual)


def history(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add this window and the labels that came late to the series, then look at them."""
    before = History.from_section(section)
    held = fill_late(append(before, report, answers=_mean(view.answers), seconds=view.seconds), report.late)
    for look in LOOKS:
        report = look(view, report, held)
    return report, held.to_section()


def _mean(answers: Answers | None) -> float | None:
    """Of the scores, or of answers that are numbers; None for labels and for several classes' scores."""
    if answers is None:
        return None
    prediction, score, _ = answers
    values = np.asarray(prediction if score is None else score)
    if values.ndim != 1 or values.dtype.kind not in "bif" or not values.size:
        return None
    mean = float(values.astype(np.float64).mean())
    return mean if math.isfinite(mean) else None
