"""A line chart as SVG: series over windows, shaded spans, and marks with their own tooltips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 40
TICKS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """One line; a value that is None is a gap. `style` is its CSS class."""

    name: str
    values: Sequence[float | None]
    style: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a point."""

    index: int
    label: str
    style: str


@dataclass(frozen=True, slots=True)
class Span:
    """A shaded run of points `[first, last]`."""

    first: int
    last: int
    label: str


def line_chart(
    series: Sequence[Series], labels: Sequence[str], *, marks: Sequence[Mark] = (), spans: Sequence[Span] = ()
) -> str:
    """The chart as one `<svg>` element; colours come from the page's CSS classes.

    Examples
    --------
    >>> svg = line_chart([Series("accuracy", [0.9, None, 0.7], "loop")], ["a", "b", "c"])
    >>> svg.startswith("<svg") and svg.count("<path") == 1
    True
    """
    scale = _Scale.of([v for s in series for v in s.values if v is not None], len(labels))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(", ".join(s.name for s in series))}">',
        *(_grid_line(scale, value) for value in scale.ticks()),
        *(_x_label(scale, i, labels[i]) for i in _spread(len(labels))),
        *(_span(scale, span) for span in spans),
        *(_line(scale, s) for s in series),
        *(_dots(scale, s, labels) for s in series),
        *(_mark(scale, mark) for mark in marks),
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    points: int

    @classmethod
    def of(cls, values: Sequence[float], points: int) -> _Scale:
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        margin = (high - low) * 0.08 or 0.05
        return cls(low - margin, high + margin, points)

    def x(self, index: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(self.points, 1)

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)

    def ticks(self) -> list[float]:
        raw = (self.high - self.low) / TICKS
        magnitude = 10.0 ** math.floor(math.log10(raw))
        step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw)
        first = math.ceil(self.low / step)
        return [round(i * step, 10) for i in range(first, math.floor(self.high / step) + 1)]


def _spread(count: int) -> list[int]:
    """At most eight evenly spaced positions to label."""
    step = max(1, math.ceil(count / 8))
    return list(range(0, count, step))


def _grid_line(scale: _Scale, value: float) -> str:
    y = scale.y(value)
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="axis" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    )


def _x_label(scale: _Scale, index: int, label: str) -> str:
    y = HEIGHT - BOTTOM + 20
    return f'<text class="axis" x="{scale.x(index):.1f}" y="{y}" text-anchor="middle">{escape(label)}</text>'


def _span(scale: _Scale, span: Span) -> str:
    left, right = scale.x(span.first - 0.5), scale.x(span.last + 0.5)
    return (
        f'<rect class="span" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{HEIGHT - TOP - BOTTOM}">'
        f"<title>{escape(span.label)}</title></rect>"
    )


def _line(scale: _Scale, series: Series) -> str:
    path, pen = [], "M"
    for index, value in enumerate(series.values):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{scale.x(index):.1f},{scale.y(value):.1f}")
        pen = "L"
    return f'<path class="line {series.style}" d="{"".join(path)}"/>'


def _dots(scale: _Scale, series: Series, labels: Sequence[str]) -> str:
    return "".join(
        f'<circle class="dot {series.style}" cx="{scale.x(i):.1f}" cy="{scale.y(v):.1f}" r="3">'
        f"<title>{escape(labels[i])}: {escape(series.name)} {v:.3f}</title></circle>"
        for i, v in enumerate(series.values)
        if v is not None
    )


def _mark(scale: _Scale, mark: Mark) -> str:
    x = scale.x(mark.index)
    return (
        f'<g class="mark {mark.style}"><title>{escape(mark.label)}</title>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        f'<circle cx="{x:.1f}" cy="{TOP + 6}" r="5"/></g>'
    )
