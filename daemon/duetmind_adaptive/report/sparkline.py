"""A line as small as a word, and a bar beside it: SVG for tables, without axes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

#: of a sparkline and of a bar, in pixels
WIDTH, HEIGHT = 90, 18


def sparkline(values: Sequence[float], *, label: str = "", top: float = 1.0) -> str:
    """The values from left to right as one `<svg>` element; the last one is marked.

    Parameters
    ----------
    values
        At least none; what is beyond [0, `top`] is drawn at the edge.
    label
        For people who hear the page.
    top
        The value at the upper edge.

    Examples
    --------
    >>> svg = sparkline([0.0, 0.5, 1.0])
    >>> svg.count("<polyline"), svg.count("<circle")
    (1, 1)
    """
    places = [_place(at, value, len(values), top) for at, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dot = f'<circle cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="2" fill="currentColor"/>' if places else ""
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label)}"><polyline points="{line}" fill="none" stroke="currentColor"/>{dot}</svg>'
    )


def bar(value: float, colour: str) -> str:
    """A share as a filled part of a box; `colour` is a CSS colour.

    >>> bar(0.5, "#c33").count("<rect")
    2
    """
    filled = min(max(value, 0.0), 1.0) * WIDTH
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{value:.2f} of 1">'
        f'<rect y="4" width="{WIDTH}" height="10" fill="currentColor" opacity="0.12"/>'
        f'<rect y="4" width="{filled:.1f}" height="10" fill="{escape(colour)}"/></svg>'
    )


def _place(at: int, value: float, count: int, top: float) -> tuple[float, float]:
    share = min(max(value / top, 0.0), 1.0) if value == value else 0.0  # noqa: PLR0124 - NaN
    return 3 + at * (WIDTH - 6) / max(count - 1, 1), HEIGHT - 3 - share * (HEIGHT - 6)
