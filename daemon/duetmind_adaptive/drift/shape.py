"""The two distributions of one column as a handful of shares: what reports draw and words are made of.

Numbers, times and text lengths are counted on the reference's quantile bins, so that every bin holds about the same
share of the reference, whatever the tails; where there are few different values, each has a bin of its own.
Categories are the most frequent of either side, the rest folded into one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.cells import aligned_counts
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.records import ColumnShape, Kind
from duetmind_adaptive.stats.psi import bin_counts, quantile_edges

Floats = NDArray[np.float64]

MOST_BINS, FEWEST_BINS = 40, 5
#: rows of the smaller side for each bin, so that bars show more than chance
ROWS_PER_BIN = 20
#: categories drawn by name
MOST_CATEGORIES = 10
#: characters of a category that are kept
LABEL_LENGTH = 80
DAY = 86_400.0
#: days from which the hour does not matter to a label
DAYS_ALONE = 10
#: seconds that a time has on either side of what calendars can write
_LAST_SECOND = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def shape_of(reference: ColumnProfile, current: ColumnProfile) -> ColumnShape | None:
    """Both sides of a column on common cells; None where either side has no value to count.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after = (summarise("x", pa.chunked_array([values])) for values in ([1, 1, 2, 2], [2, 3]))
    >>> shape = shape_of(before, after)
    >>> shape.labels, shape.reference, shape.current
    (('1', '2', '3'), (0.5, 0.5, 0.0), (0.0, 0.5, 0.5))
    """
    if reference.kind in {"categorical", "boolean"}:
        return _categories(reference, current) if reference.counts.size and current.counts.size else None
    if not reference.values.size or not current.values.size:
        return None
    values = _few_values(reference.values, current.values)
    edges = values[:-1] if values is not None else _quantiles(reference.values, current.values)
    last = max(reference.values[-1], current.values[-1])
    spell = _spelling(reference, current)
    return ColumnShape(
        labels=tuple(spell(value) for value in [*edges.tolist(), float(last)]),
        reference=_shares(bin_counts(reference.values, edges)),
        current=_shares(bin_counts(current.values, edges)),
        edges=tuple(edges.tolist()),
        discrete=values is not None,
    )


def _spelling(reference: ColumnProfile, current: ColumnProfile) -> Callable[[float], str]:
    """How values are written: times by the day where they span many."""
    days = 0.0
    if reference.kind == "datetime":
        days = max(side.values[-1] - side.values[0] for side in (reference, current)) / DAY
    return lambda value: name_of(value - value % DAY if days > DAYS_ALONE else value, reference.kind)


def name_of(value: float, kind: Kind) -> str:
    """A number as people read it: a date for times.

    >>> name_of(1234567.0, "numeric"), name_of(0.125, "numeric"), name_of(86400.0, "datetime")
    ('1234567', '0.125', '1970-01-02')
    """
    if kind != "datetime" or not abs(value) < _LAST_SECOND:
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"
    moment = datetime.fromtimestamp(value, UTC)
    return moment.strftime("%Y-%m-%d" if value % DAY == 0 else "%Y-%m-%d %H:%M")


def _quantiles(reference: Floats, current: Floats) -> Floats:
    bins = int(np.clip(min(reference.size, current.size) // ROWS_PER_BIN, FEWEST_BINS, MOST_BINS))
    edges = quantile_edges(reference, bins)
    return edges[:-1] if edges[-1] >= max(reference[-1], current[-1]) else edges


def _few_values(reference: Floats, current: Floats) -> Floats | None:
    """The different values of both sides, when there are few; a look at the quantiles spares the search in most."""
    if np.unique(reference[:: max(1, reference.size // (4 * MOST_BINS))]).size > MOST_BINS:
        return None
    different = np.union1d(reference, current)
    return different if different.size <= MOST_BINS else None


def _categories(reference: ColumnProfile, current: ColumnProfile) -> ColumnShape:
    before, after, unseen = aligned_counts(reference, current)
    before, after = before / before.sum(), after / after.sum()
    names = [*reference.categories, *unseen]
    named = min(len(names), before.size)
    order = np.argsort(-np.maximum(before, after)[:named], kind="stable")
    shown = order[:MOST_CATEGORIES]
    rest = np.setdiff1d(np.arange(before.size), shown)
    labels = [names[at][:LABEL_LENGTH] for at in shown]
    columns = [np.append(side[shown], side[rest].sum()) if rest.size else side[shown] for side in (before, after)]
    return ColumnShape(
        labels=(*labels, f"{rest.size:,} others") if rest.size else tuple(labels),
        reference=tuple(columns[0].tolist()),
        current=tuple(columns[1].tolist()),
        folded=int(rest.size),
    )


def _shares(counts: Floats) -> tuple[float, ...]:
    return tuple((counts / counts.sum()).tolist())
