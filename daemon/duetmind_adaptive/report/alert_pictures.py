"""The drawings of a mail: how far a column moved, and the metric over the last windows. Their words are in the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from duetmind_adaptive.report.png import Canvas, Colour, Point

#: pixels of a bar, which is shown at half the size so that it is sharp on fine screens
BAR: Final = (400, 24)
#: pixels of the chart
CHART: Final = (560, 170)
#: pixels between the chart's edge and what it shows
MARGIN: Final = 12

LINE: Final = (21, 101, 192)
ONSET: Final = (198, 40, 40)
SPAN: Final = (255, 243, 214)
QUIET: Final = (117, 117, 117)
GRID: Final = (224, 224, 224)
TRACK: Final = (236, 236, 236)
#: of an effect, from slight to very strong
STRENGTHS: Final = ((0.1, (144, 164, 174)), (0.25, (245, 170, 60)), (0.5, (230, 110, 20)), (1.01, (198, 40, 40)))


@dataclass(frozen=True, slots=True)
class Course:
    """What the chart shows: places are windows, from 0."""

    values: Sequence[float | None]
    reference: float | None = None
    #: where it began to be different
    onset: int | None = None
    #: where the incident was opened
    opened: int | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value, the reference among them; never the same."""
        known = [value for value in (*self.values, self.reference) if value is not None]
        low, high = min(known), max(known)
        return (low, high) if high > low else (low - 0.5, high + 0.5)


def effect_bar(effect: float) -> bytes:
    """A PNG of an effect in [0, 1]: the longer and the redder, the stronger.

    >>> effect_bar(0.2) == effect_bar(0.2) != effect_bar(0.9)
    True
    """
    width, height = BAR
    share = min(max(effect, 0.0), 1.0)
    canvas = Canvas(width, height)
    canvas.fill((0, 0, width, height), TRACK)
    canvas.fill((0, 0, max(share * width, 2), height), _strength(share))
    for bound, _ in STRENGTHS[:-1]:
        canvas.fill((bound * width - 1, 0, bound * width + 1, height), (255, 255, 255))
    return canvas.png()


def course_chart(course: Course) -> bytes:
    """A PNG of a metric over windows: its line, the reference dashed, the onset red, the incident shaded.

    >>> course_chart(Course([0.9, None, 0.8], reference=0.9, onset=1))[1:4]
    b'PNG'
    """
    canvas = Canvas(*CHART)
    width, height = CHART
    if course.opened is not None:
        canvas.fill((_x(course, course.opened - 0.5), 0, width, height), SPAN)
    for value in course.bounds:
        canvas.fill((0, _y(course, value) - 0.5, width, _y(course, value) + 0.5), GRID)
    if course.reference is not None:
        _dashed(canvas, _y(course, course.reference))
    if course.onset is not None:
        x = _x(course, course.onset - 0.5)
        canvas.fill((x - 1, 0, x + 1, height), ONSET)
    _joined(canvas, _points(course))
    return canvas.png()


def _strength(share: float) -> Colour:
    return next(colour for bound, colour in STRENGTHS if share < bound)


def _joined(canvas: Canvas, points: Sequence[Point | None]) -> None:
    """Dots, and lines between neighbours: a gap stays one."""
    for before, after in pairwise(points):
        if before is not None and after is not None:
            canvas.line([before, after], LINE, 2.6)
    for point in points:
        if point is not None:
            canvas.line([point], LINE, 7)


def _points(course: Course) -> list[Point | None]:
    return [
        None if value is None else (_x(course, place), _y(course, value)) for place, value in enumerate(course.values)
    ]


def _x(course: Course, place: float) -> float:
    last = max(len(course.values) - 1, 1)
    return MARGIN + (CHART[0] - 2 * MARGIN) * place / last


def _y(course: Course, value: float) -> float:
    low, high = course.bounds
    return MARGIN + (CHART[1] - 2 * MARGIN) * (high - value) / (high - low)


def _dashed(canvas: Canvas, y: float) -> None:
    for left in range(0, CHART[0], 12):
        canvas.fill((left, y - 1, left + 7, y + 1), QUIET)
