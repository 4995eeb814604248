"""How a column of times moved, in words: how far from its rows, which hours of the day and days of the week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.cells import HOURS_SPAN, WEEKDAYS_SPAN, hours_of, span_days, weekdays_of
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.shape import name_of

Floats = NDArray[np.float64]

#: standard errors below which a difference is chance
STANDARD_ERRORS = 3.0
#: smallest change of a median, as a share of the width of the middle half, that is worth a word
SMALLEST_SHIFT = 0.05
#: smallest change of an hour's, or a weekday's, share
SMALLEST_POINTS = 0.01
_DAY_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def describe_times(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Tell how times differ; empty when there is nothing to tell.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> def days(first):
    ...     return pa.chunked_array([pa.array(range(first, first + 40), pa.int32()).cast(pa.date32())])
    >>> describe_times(*(summarise("x", days(first)) for first in (20_000, 20_030)))
    'median 30 days later; now 2024-11-03 to 2024-12-12'
    """
    return "; ".join([*_place(reference, current), *_hours(reference.values, current.values)])


def _place(reference: ColumnProfile, current: ColumnProfile) -> Iterator[str]:
    if reference.lags.size and current.lags.size:
        yield from _lag(reference.lags, current.lags)
    elif not reference.lags.size:
        yield _moved(reference.values, current.values)


def _lag(before: Floats, after: Floats) -> Iterator[str]:
    width = float(before[3 * before.size // 4] - before[before.size // 4])
    usual, now = (float(side[side.size // 2]) for side in (before, after))
    error = STANDARD_ERRORS * width * np.sqrt(1 / before.size + 1 / after.size)
    if abs(now - usual) >= max(SMALLEST_SHIFT * width, error, 1.0):
        yield f"median {_beside_row(now)}, {_beside_row(usual)} in the reference"


def _beside_row(seconds: float) -> str:
    if abs(seconds) < 1:
        return "at its row's time"
    return f"{duration(abs(seconds))} {'after' if seconds > 0 else 'before'} its row"


def _moved(reference: Floats, current: Floats) -> str:
    seconds = float(current[current.size // 2] - reference[reference.size // 2])
    moved = f"{duration(abs(seconds))} {'later' if seconds > 0 else 'earlier'}" if seconds else "the same"
    first, last = (name_of(float(current[at]), "datetime") for at in (0, -1))
    return f"median {moved}; now {first} to {last}"


def duration(seconds: float) -> str:
    """A length of time in one unit.

    >>> duration(30), duration(7200), duration(86400 * 92), duration(86400 * 800)
    ('30 seconds', '2 hours', '92 days', '2.2 years')
    """
    year, day, hour, minute = timedelta(days=365.25), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
    for name, unit in (("years", year), ("days", day), ("hours", hour), ("minutes", minute)):
        if seconds >= 2 * unit.total_seconds():
            return f"{seconds / unit.total_seconds():.2g} {name}"
    return f"{seconds:.3g} seconds"


def _hours(reference: Floats, current: Floats) -> Iterator[str]:
    days = min(span_days(reference), span_days(current))
    if days >= HOURS_SPAN:
        grown = _grown(hours_of(reference), hours_of(current))
        if grown:
            yield f"{grown.now:.0%} from {grown.place}:00 to {grown.place}:59, {grown.before:.0%} in the reference"
    if days >= WEEKDAYS_SPAN:
        grown = _grown(weekdays_of(reference), weekdays_of(current))
        if grown:
            yield f"{grown.now:.0%} on {_DAY_NAMES[grown.place]}, {grown.before:.0%} in the reference"


class _Grown(NamedTuple):
    """The place whose share grew most, and its shares."""

    place: int
    before: float
    now: float


def _grown(before: Floats, after: Floats) -> _Grown | None:
    """None where none grew by more than chance."""
    shares, total = (before / before.sum(), after / after.sum()), before.sum() + after.sum()
    pooled = (before + after) / total
    error = np.sqrt(pooled * (1 - pooled) * (1 / before.sum() + 1 / after.sum()))
    change = shares[1] - shares[0]
    place = int(np.argmax(change))
    if change[place] < max(SMALLEST_POINTS, STANDARD_ERRORS * float(error[place])):
        return None
    return _Grown(place, float(shares[0][place]), float(shares[1][place]))
