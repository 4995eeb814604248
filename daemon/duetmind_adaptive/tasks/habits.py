"""What training leaves for calm about a model: how its metric, errors and answers vary while nothing changes.

The hold-out in windows shows it as the reference does for columns (`drift.calm.learn`): neighbouring rows that depend
on each other, windows that differ by more than their rows explain, hours and days at which the model does better.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from duetmind_adaptive.drift.calm.null import Natural
from duetmind_adaptive.drift.concept.stream import Habit
from duetmind_adaptive.registry.layout import HABITS

#: places of the scores: each row's influence on the metric, what its loss exceeds its expectation by, its answer's
METRIC, ERRORS, ANSWERS = 0, 1, 2
#: habits kept in a worker
KEPT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Of one version; without any, nothing is expected of a window."""

    natural: Natural | None = None

    @property
    def answers(self) -> Natural | None:
        """Of the scores of the answers, taken as those of a column."""
        return self.natural.only(slice(ANSWERS, None)) if self.natural else None

    def of_metric(self, rows: int, moment: float | None) -> Habit:
        """On the metric's own scale."""
        return self._of(METRIC, rows, moment)

    def of_errors(self, rows: int, moment: float | None) -> Habit:
        """In deviations of an excess loss."""
        return self._of(ERRORS, rows, moment)

    def _of(self, place: int, rows: int, moment: float | None) -> Habit:
        if self.natural is None:
            return Habit()
        shift, variance = self.natural.only(slice(place, place + 1)).beyond(float(rows), moment)
        return Habit(float(shift[0]), max(float(variance[0]), 0.0), float(self.natural.reference[place]))


@lru_cache(maxsize=KEPT)
def habits_of(folder: Path) -> Habits:
    """The habits in a version's folder; none in those of a version without hold-out."""
    path = folder / HABITS
    return Habits(Natural.from_bytes(path.read_bytes(), path) if path.exists() else None)
