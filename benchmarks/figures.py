"""What a benchmark answers with: figures, the bounds they are held to, and the table that shows them.

Pure: values in, text out. A figure stands beside its peer where it has one, as a ratio from the same run, because a
time alone says more about the machine than about the program.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

COLUMNS = ("benchmark", "figure", "value", "unit", "target", "ratio to peer", "met")

#: what stands in a column that has nothing to say
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit: the most that a value may be or, with `least`, the least."""

    limit: float
    least: bool = False

    def holds(self, value: float) -> bool:
        """Whether `value` keeps within the bound.

        >>> Bound(1.5).holds(1.5), Bound(2000, least=True).holds(1999)
        (True, False)
        """
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {number(self.limit)}"


def at_most(limit: float) -> Bound:
    """The bound of a cost."""
    return Bound(limit)


def at_least(limit: float) -> Bound:
    """The bound of a yield."""
    return Bound(limit, least=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured number.

    Parameters
    ----------
    name
        What was measured, in a few words.
    value
        Finite and not negative; anything else means that the measurement went wrong.
    unit
        Of the value, as in `s` or `MB`; empty for a plain count.
    target
        What the value is held to.
    ratio
        The value over that of its peer in the same run.
    peer
        What the ratio is to.
    ratio_target
        What the ratio is held to.
    exact
        True when no noise of the machine can excuse a miss.

    Raises
    ------
    ValueError
        When value or ratio cannot be a measurement.
    """

    name: str
    value: float
    unit: str
    target: Bound | None = None
    ratio: float | None = None
    peer: str = ""
    ratio_target: Bound | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        for value in (self.value, self.ratio):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{self.name}: {value} is no measurement")

    @property
    def met(self) -> bool | None:
        """Whether value and ratio keep to their targets; None without any."""
        held = [
            bound.holds(value)
            for bound, value in ((self.target, self.value), (self.ratio_target, self.ratio))
            if bound is not None and value is not None
        ]
        return all(held) if held else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of one benchmark: figures, or why it could not run."""

    benchmark: str
    figures: tuple[Figure, ...] = ()
    seconds: float = 0.0
    error: str | None = None


def median_ratio(ours: Sequence[float], peers: Sequence[float]) -> float:
    """Median of the ratios of runs that took turns, so that a noisy minute weighs on both sides of a pair alike.

    >>> median_ratio([2.0, 30.0, 3.0], [1.0, 10.0, 2.0])
    2.0
    """
    return statistics.median(mine / theirs for mine, theirs in zip(ours, peers, strict=True))


def number(value: float) -> str:
    """Three significant digits; whole numbers and thousands in full.

    >>> number(0.12345), number(1.5), number(20), number(13725.6), number(0)
    ('0.123', '1.5', '20', '13,726', '0')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def row(benchmark: str, figure: Figure) -> tuple[str, ...]:
    """One line of the table, a text for each of `COLUMNS`."""
    bounds = [str(figure.target)] if figure.target else []
    if figure.ratio_target:
        bounds.append(f"{figure.ratio_target} ×")
    ratio = NOTHING if figure.ratio is None else f"{number(figure.ratio)} × {figure.peer}".rstrip()
    met = {None: NOTHING, True: "yes", False: "no"}[figure.met]
    return (benchmark, figure.name, number(figure.value), figure.unit, ", ".join(bounds) or NOTHING, ratio, met)


def rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """The table's lines; a benchmark that could not run has one that says why."""
    lines: list[tuple[str, ...]] = []
    for result in results:
        lines += [row(result.benchmark, figure) for figure in result.figures]
        if result.error is not None:
            lines.append((result.benchmark, f"could not run: {result.error}", *[NOTHING] * 4, "no"))
    return lines


def plain(lines: Sequence[Sequence[str]]) -> str:
    """The table as aligned text, for logs and pipes."""
    every = [COLUMNS, *lines]
    widths = [max(len(line[column]) for line in every) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in every
    )


def document(results: Sequence[Result]) -> dict[str, Any]:
    """Everything as one JSON document."""
    return {
        result.benchmark: {
            "seconds": round(result.seconds, 1),
            "error": result.error,
            "figures": [{**asdict(figure), "met": figure.met} for figure in result.figures],
        }
        for result in results
    }


def status(results: Sequence[Result]) -> int:
    """Exit status: 0, 1 when an exact figure misses its target, 2 when a benchmark could not run."""
    if any(result.error is not None for result in results):
        return 2
    return int(any(figure.exact and figure.met is False for result in results for figure in result.figures))
