"""Draws the two distributions of one column as small SVGs: bars, and the difference of the distribution functions.

Bins stand side by side in equal width, each labelled by its upper end: a bin holds about the same share of the
reference, so that a change is as visible in the tails as in the middle. Colours come from the page's classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import accumulate

from duetmind_adaptive.records import ColumnShape

WIDTH, HEIGHT, FOOT = 300, 120, 14
#: width of a letter, about
LETTER = 5.6
#: one category: two bars and their text
ROW = 20
#: where a category's bars begin and end
BAR_FROM, BAR_TO = 106, 212
#: characters of a category that fit beside its bars
FIT = 15


def bins_chart(shape: ColumnShape) -> str:
    """The reference as an outline, the current data as bars.

    Examples
    --------
    >>> svg = bins_chart(ColumnShape(labels=("1", "9"), reference=(0.5, 0.5), current=(0.1, 0.9), edges=(1.0,)))
    >>> svg.count("<path"), "</svg>" in svg
    (3, True)
    """
    top = max(*shape.reference, *shape.current)
    return _svg(
        HEIGHT,
        "Share of the rows in each bin, reference and current",
        f'<path class="a" d="{_bars(shape.current, top)}"/><path class="b" d="{_outline(shape.reference, top)}"/>'
        f"{_axis(shape.labels)}",
    )


def gap_chart(shape: ColumnShape) -> str:
    """How much further the current distribution function is than the reference's, at the end of each bin."""
    gaps = [0.0, *accumulate(after - before for before, after in zip(shape.reference, shape.current, strict=True))]
    most = max(map(abs, gaps))
    scale = max(most, 0.05)
    middle, height = (HEIGHT - FOOT) / 2, (HEIGHT - FOOT) / 2 - 6
    step = WIDTH / (len(gaps) - 1)
    points = "L".join(f"{at * step:.4g} {middle - gap / scale * height:.4g}" for at, gap in enumerate(gaps))
    at = max(range(len(gaps)), key=lambda place: abs(gaps[place]))
    return _svg(
        HEIGHT,
        f"Difference of the distribution functions, at most {100 * most:.1f} points",
        f'<path class="z" d="M0 {middle:g}h{WIDTH}"/><path class="g" d="M{points}"/>'
        + _text(
            min(max(at * step, 40), WIDTH - 40),
            9 if gaps[at] < 0 else HEIGHT - FOOT - 2,
            f"{100 * gaps[at]:+.1f} points".replace("-", "−"),
            "m",
        )
        + _axis(shape.labels),
    )


def category_chart(shape: ColumnShape) -> str:
    """Two bars for each category, the reference's above."""
    named = len(shape.labels) - bool(shape.folded) or len(shape.labels)
    unit = (BAR_TO - BAR_FROM) / max(*shape.reference[:named], *shape.current[:named], 1e-9)
    rows = zip(shape.labels, shape.reference, shape.current, strict=True)
    body = "".join(_category(at * ROW, label, shares, unit) for at, (label, *shares) in enumerate(rows))
    return _svg(ROW * len(shape.labels), "Share of the rows in each category, reference above current", body)


def _category(y: int, label: str, shares: Sequence[float], unit: float) -> str:
    """One category's name, bars and shares; `unit` is the width of a whole. What exceeds the space is cut off."""
    short = label if len(label) <= FIT else label[: FIT - 1] + "…"
    whole = f"<title>{safe(label)}</title>" if len(label) > FIT else ""
    widths = [min(share * unit, BAR_TO - BAR_FROM) for share in shares]
    bars = [
        f'<path class="{style}" d="M{BAR_FROM} {y + down}h{width:.4g}v7h-{width:.4g}"/>'
        for style, down, width in zip("ca", (2, 10), widths, strict=True)
    ]
    said = " → ".join(f"{share:.1%}" for share in shares)
    name = f'<text class="n e" x="{BAR_FROM - 6}" y="{y + 13}">{safe(short)}{whole}</text>'
    return f"{name}{''.join(bars)}{_text(BAR_TO + 6, y + 13, said, '')}"


def _bars(shares: Sequence[float], top: float) -> str:
    step, floor = WIDTH / len(shares), HEIGHT - FOOT
    gap = 1.0 if step > 4 else 0.3
    heights = [share / top * (floor - 6) for share in shares]
    return "".join(
        f"M{at * step:.4g} {floor}v-{high:.3g}h{step - gap:.3g}v{high:.3g}"
        for at, high in enumerate(heights)
        if high > 0
    )


def _outline(shares: Sequence[float], top: float) -> str:
    step, floor = WIDTH / len(shares), HEIGHT - FOOT
    steps = "".join(f"V{floor - share / top * (floor - 6):.4g}h{step:.4g}" for share in shares)
    return f"M0 {floor}{steps}V{floor}"


def _axis(labels: Sequence[str]) -> str:
    """A line, and the upper ends of up to four bins, the last included, as far as they do not touch."""
    step, y = WIDTH / len(labels), HEIGHT - 3
    labels = [label.replace("-", "−") if label.startswith("-") else label for label in labels]
    texts = [_text(WIDTH, y, labels[-1], "e")]
    taken = WIDTH - len(labels[-1]) * LETTER
    for at in sorted({round(part * (len(labels) - 1) / 4) for part in (1, 2, 3)} - {len(labels) - 1}, reverse=True):
        x, half = (at + 1) * step, len(labels[at]) * LETTER / 2
        if half <= x <= taken - half - 2 * LETTER:
            texts.append(_text(x, y, labels[at], "m"))
            taken = x - half
    return f'<path class="z" d="M0 {HEIGHT - FOOT}h{WIDTH}"/>{"".join(texts)}'


def _text(x: float, y: float, text: str, style: str) -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.4g}" y="{y:g}">{safe(text)}</text>'


def _svg(height: int, label: str, body: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'


def safe(text: str) -> str:
    r"""Text from elsewhere, inert: markup escaped, control characters shown.

    >>> safe("<b>\x00")
    '&lt;b&gt;\\x00'
    """
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return escape(shown)
