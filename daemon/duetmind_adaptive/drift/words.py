"""How a column moved, in words that a person understands: `mean up 0.8 reference standard deviations`.

Words follow from the data and decide nothing. A difference of means or of shares is told only beyond three standard
errors, so that chance is not put into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.cells import aligned_counts
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.shape import name_of
from duetmind_adaptive.drift.words_text import describe_text
from duetmind_adaptive.drift.words_time import describe_times
from duetmind_adaptive.records import ColumnShape

Floats = NDArray[np.float64]

#: standard errors below which a difference is chance
STANDARD_ERRORS = 3.0
#: smallest shift of the mean that is worth a word, in standard deviations of the reference
SMALLEST_SHIFT = 0.02
#: ratios of spread between these bounds are no change
SPREAD_SAME = (0.93, 1.07)
#: the same for the extremes, which vary more
TAILS_SAME = (0.8, 1.25)
#: rows in which the outermost 0.5 % mean anything
TAIL_ROWS = 1_000
#: numbers between these have squares that can be added up
SQUARES = (1e-140, 1e140)
#: smallest change of a category's share that is worth a word
SMALLEST_POINTS = 0.005
#: categories named for each kind of change
NAMED = 3
#: rows of a category that should have come, so that its absence is no chance
EXPECTED_ROWS = 10
#: characters of a category that are quoted
QUOTED = 40


def describe(reference: ColumnProfile, current: ColumnProfile, shape: ColumnShape) -> str:
    """Tell how the column differs; empty when there is nothing to tell.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> from duetmind_adaptive.drift.shape import shape_of
    >>> before, after = (summarise("x", pa.chunked_array([range(n, n + 1000)])) for n in (0, 300))
    >>> describe(before, after, shape_of(before, after))
    'mean up 1.0 reference standard deviations'
    """
    match reference.kind:
        case "categorical":
            return _categories(reference, current)
        case "boolean":
            return _boolean(shape)
        case "datetime":
            return describe_times(reference, current)
        case "text":
            return describe_text(reference, current) or _gap(shape, " characters")
        case "numeric":
            return "; ".join(_numbers(reference.values, current.values, shape)) or _gap(shape, "")


def _numbers(reference: Floats, current: Floats, shape: ColumnShape) -> Iterator[str]:
    if reference[0] == reference[-1]:
        if current[0] != reference[0] or current[-1] != reference[0]:
            held = name_of(float(reference[0]), "numeric")
            yield f"always {held} in the reference, now {_span(current)}"
        return
    if shape.discrete and len(shape.labels) == 2:
        yield f"{shape.labels[1]} in {shape.current[1]:.1%} of the rows, {shape.reference[1]:.1%} in the reference"
        return
    reference, current = _moderate(reference, current)
    deviation = float(reference.std())
    difference = float(current.mean() - reference.mean())
    error = float(np.sqrt(deviation**2 / reference.size + current.var() / current.size))
    shift = abs(difference) / deviation
    if np.isfinite(shift) and shift >= SMALLEST_SHIFT and abs(difference) >= STANDARD_ERRORS * error:
        yield f"mean {'up' if difference > 0 else 'down'} {_figure(shift)} reference standard deviations"
    yield from _spread(reference, current)


def _moderate(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """Both sides in a unit in which squares neither vanish nor leave the range of numbers; words know no unit."""
    largest = max(abs(float(side[at])) for side in (reference, current) for at in (0, -1))
    if SQUARES[0] < largest < SQUARES[1]:
        return reference, current
    unit = np.frexp(largest)[1]
    return np.ldexp(reference, -unit), np.ldexp(current, -unit)


def _spread(reference: Floats, current: Floats) -> Iterator[str]:
    wide, far = (_ratio(reference, current, outside) for outside in (0.05, 0.005))
    if wide is not None and not SPREAD_SAME[0] <= wide <= SPREAD_SAME[1]:
        yield f"spread {_figure(wide)} times the reference's" if wide else "hardly any spread left"
        return
    many = min(reference.size, current.size) >= TAIL_ROWS
    if many and far is not None and not TAILS_SAME[0] <= far <= TAILS_SAME[1]:
        yield f"tails reach {_figure(far)} times as far"


def _ratio(reference: Floats, current: Floats, outside: float) -> float | None:
    """How many times as wide; None where the reference has no width to compare with."""
    before = _width(reference, outside)
    ratio = _width(current, outside) / before if before > 0 else np.inf
    return float(ratio) if np.isfinite(ratio) else None


def _width(values: Floats, outside: float) -> float:
    """Distance between two quantiles that leave this share outside on either end, without interpolation."""
    cut = int(outside * (values.size - 1))
    return float(values[values.size - 1 - cut] - values[cut])


def _span(values: Floats) -> str:
    low, middle, high = (name_of(float(values[at]), "numeric") for at in (0, values.size // 2, -1))
    return f"always {low}" if low == high else f"{low} to {high}, median {middle}"


def _gap(shape: ColumnShape, unit: str) -> str:
    """Where the two distribution functions lie furthest apart."""
    before, after = np.cumsum(shape.reference), np.cumsum(shape.current)
    if before.size < 2:
        return ""
    at = int(np.argmax(np.abs(after - before)[:-1]))
    return f"{after[at]:.0%} are at most {shape.labels[at]}{unit}, {before[at]:.0%} in the reference"


def _boolean(shape: ColumnShape) -> str:
    shares = {label: pair for label, *pair in zip(shape.labels, shape.reference, shape.current, strict=True)}
    before, after = shares.get("true", [0.0, 0.0])
    return f"true in {after:.1%} of the rows, {before:.1%} in the reference"


def _categories(reference: ColumnProfile, current: ColumnProfile) -> str:
    before, after, unseen = aligned_counts(reference, current)
    names, rows = [*reference.categories, *unseen], float(after.sum())
    before_share, after_share = (before / before.sum())[: len(names)], (after / rows)[: len(names)]
    change = after_share - before_share
    pooled = ((before + after) / (before.sum() + rows))[: len(names)]
    error = np.sqrt(pooled * (1 - pooled) * (1 / before.sum() + 1 / rows))
    known = np.arange(len(names)) < len(reference.categories)
    gone = known & (after_share == 0) & (before_share * rows >= EXPECTED_ROWS)
    told = known & ~gone & (np.abs(change) >= np.maximum(SMALLEST_POINTS, STANDARD_ERRORS * error))
    if not (told | gone | ~known).any():
        told[np.argmax(np.abs(change))] = True
    order = np.argsort(-np.abs(change), kind="stable")
    parts = (
        _listed("grew: ", [_points(names[at], change[at]) for at in order if told[at] and change[at] > 0]),
        _listed("shrank: ", [_points(names[at], change[at]) for at in order if told[at] and change[at] < 0]),
        _listed("vanished: ", [_quoted(names[at]) for at in order if gone[at]]),
        _listed("new: ", [f"{_quoted(names[at])} ({after_share[at]:.1%})" for at in order if not known[at]]),
    )
    return "categories " + "; ".join(part for part in parts if part)


def _points(name: str, change: float) -> str:
    points = 100 * float(change)
    return f"{_quoted(name)} {'+' if points > 0 else '−'}{_figure(abs(points))} points"


def _listed(title: str, items: Sequence[str]) -> str:
    more = f" and {len(items) - NAMED:,} more" if len(items) > NAMED else ""
    return title + ", ".join(items[:NAMED]) + more if items else ""


def _quoted(name: str) -> str:
    return name if len(name) <= QUOTED else name[: QUOTED - 1] + "…"


def _figure(value: float) -> str:
    """Two digits that matter, without an exponent where it can be helped.

    >>> [_figure(value) for value in (0.8, 1.25, 12.3, 1234.5, 3e7)]
    ['0.80', '1.2', '12', '1234', '3e+07']
    """
    if value >= 1e6:
        return f"{value:.0e}"
    return f"{value:.0f}" if value >= 10 else f"{value:#.2g}"
