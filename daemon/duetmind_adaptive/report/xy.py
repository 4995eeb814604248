"""Lines and dots over two numeric axes as a small SVG; colours come from the page's classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from duetmind_adaptive.report.shapes import safe

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 40
#: styles of lines, one after the other
STYLES = 6
TICKS = 4

Line = tuple[Sequence[float], Sequence[float]]


def xy_chart(
    lines: Mapping[str, Line], *, x: str, y: str, dots: bool = False, diagonal: bool = False, unit: bool = False
) -> str:
    """One `<svg>` element.

    Parameters
    ----------
    lines
        Name to its points.
    x, y
        What the axes say.
    dots
        Points by themselves, not joined.
    diagonal
        A dashed line where x equals y.
    unit
        Both axes from 0 to 1.

    Examples
    --------
    >>> svg = xy_chart({"yes": ([0, 1], [0, 1])}, x="share", y="rate", unit=True)
    >>> svg.count('<path class="l0"'), svg.startswith("<svg")
    (1, True)
    """
    across = (0.0, 1.0) if unit else _range([value for xs, _ in lines.values() for value in xs])
    up = (0.0, 1.0) if unit else _range([value for _, ys in lines.values() for value in ys])
    frame = _Frame(across, up)
    parts = [frame.axes(x, y)]
    parts += [f'<path class="dash" d="M{frame.at(across[0], across[0])}L{frame.at(across[1], across[1])}"/>'] * diagonal
    for place, (name, (xs, ys)) in enumerate(lines.items()):
        points = [frame.at(*point) for point in zip(xs, ys, strict=True)]
        title = f"<title>{safe(name)}</title>"
        style = f"{'d' if dots else 'l'}{place % STYLES}"
        shape = "".join(f"M{point}h0" for point in points) if dots else "M" + "L".join(points)
        parts.append(f'<path class="{style}" d="{shape}">{title}</path>' if points else "")
    label = escape(f"{y} over {x}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


class _Frame:
    """Where values lie in the drawing."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        self.across = across
        self.up = up

    def at(self, x: float, y: float) -> str:
        """The place of a point."""
        return f"{self._x(x):.1f} {self._y(y):.1f}"

    def axes(self, x: str, y: str) -> str:
        """Grid, values and names."""
        low, bottom = HEIGHT - BOTTOM, HEIGHT - 6
        parts = [
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{bottom}" class="m">{safe(x)}</text>',
            f'<text transform="translate(12 {(TOP + low) / 2:g}) rotate(-90)" class="m">{safe(y)}</text>',
        ]
        for step in range(TICKS + 1):
            right = self.across[0] + (self.across[1] - self.across[0]) * step / TICKS
            high = self.up[0] + (self.up[1] - self.up[0]) * step / TICKS
            parts.append(f'<path class="z" d="M{LEFT} {self._y(high):.1f}H{WIDTH - RIGHT}"/>')
            parts.append(f'<text x="{LEFT - 5}" y="{self._y(high) + 3:.1f}" class="e">{high:.3g}</text>')
            parts.append(f'<text x="{self._x(right):.1f}" y="{low + 14}" class="m">{right:.3g}</text>')
        return "".join(parts)

    def _x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.across[0]) / (self.across[1] - self.across[0])

    def _y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.up[1] - value) / (self.up[1] - self.up[0])


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From lowest to highest with some air, never empty."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return low - air, high + air
