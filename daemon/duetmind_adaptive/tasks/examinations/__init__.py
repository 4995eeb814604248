"""What a check looks at beside columns and metric: one examination per file, all of one shape, in this order.

An examination gets the view of the window, the report so far and the section that it left in memory last time; it
answers with the report and its new section. It adds its own field to the report and touches no other; what it cannot
judge it leaves as it is. Imports of what is heavy happen inside, when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.tasks.examinations.calm import calm
from duetmind_adaptive.tasks.examinations.concept import concept
from duetmind_adaptive.tasks.examinations.estimate import estimate
from duetmind_adaptive.tasks.examinations.history import history
from duetmind_adaptive.tasks.examinations.metric import metric
from duetmind_adaptive.tasks.examinations.model import model
from duetmind_adaptive.tasks.examinations.multivariate import multivariate
from duetmind_adaptive.tasks.examinations.odd_rows import odd_rows
from duetmind_adaptive.tasks.examinations.plugged import plugged
from duetmind_adaptive.tasks.examinations.words import words
from duetmind_adaptive.tasks.memory import Memory
from duetmind_adaptive.tasks.view import View

Examination = Callable[[View, CheckReport, Any | None], tuple[CheckReport, Any | None]]

#: by the name of its section in memory; one that leans on another comes after it
EXAMINATIONS: dict[str, Examination] = {
    "calm": calm,
    "words": words,
    "multivariate": multivariate,
    "metric": metric,
    "model": model,
    "estimate": estimate,
    "concept": concept,
    "odd_rows": odd_rows,
    "plugged": plugged,
    "history": history,
}


def examine(view: View, report: CheckReport, memory: Memory) -> tuple[CheckReport, Memory]:
    """Have every examination add to the report what it finds."""
    for name, examination in EXAMINATIONS.items():
        report, section = examination(view, report, memory.section(name))
        memory = memory.having(name, section)
    return report, memory
