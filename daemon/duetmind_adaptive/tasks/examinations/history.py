"""Keeps the series of the model's windows, and has everyone look at them who asks how they came or where they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.series import History, append, fill_late
from duetmind_adaptive.tasks.examinations.explained import explained
from duetmind_adaptive.tasks.examinations.predicted import predicted
from duetmind_adaptive.tasks.examinations.since import since
from duetmind_adaptive.tasks.view import View

#: adds to the report what the history, this window included, says
Look = Callable[[View, CheckReport, History], CheckReport]

#: in the order in which they look
LOOKS: tuple[Look, ...] = (explained, since, predicted)


def history(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add this window and the labels that came late to the series, then look at them."""
    held = fill_late(append(History.from_section(section), report), report.late)
    for look in LOOKS:
        report = look(view, report, held)
    return report, held.to_section()
