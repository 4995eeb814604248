"""Both sides of a column as counts over the same cells: what tests of counts and the effect are computed on.

Numbers fall between quantiles of the reference, categories are cells themselves. Missing and infinite values have cells
of their own, so that a share of them that changes is a change of the column.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.stats.psi import bin_counts, quantile_edges, without_repeats

Floats = NDArray[np.float64]

MOST_CELLS, FEWEST_CELLS = 40, 5
#: bins of the stability index and of Jensen-Shannon
DECILES = 10
#: values of the smaller side for each cell, so that the tests' approximations hold
VALUES_PER_CELL = 20
HOUR, DAY, HOURS, WEEK = 3_600.0, 86_400.0, 24, 7
#: days that both sides must span so that hours, and days of the week, are not just where a window happens to lie
HOURS_SPAN, WEEKDAYS_SPAN = 2, 14
#: the epoch was a Thursday; weeks begin with Monday
_THURSDAY = 3
#: of each reference in use: its edges and counts, by their number
_BINS: WeakKeyDictionary[ColumnProfile, dict[tuple[int, bool], tuple[Floats, Floats]]] = WeakKeyDictionary()


class Counts(NamedTuple):
    """Rows of the reference and of the current data in each cell; not a negative number, perhaps a fraction."""

    reference: Floats
    current: Floats

    def held(self) -> Counts:
        """Only cells that hold a row of either side."""
        some = (self.reference + self.current) > 0
        return Counts(self.reference[some], self.current[some])


def number_cells(reference: ColumnProfile, current: ColumnProfile) -> Counts:
    """Counts between the reference's quantiles, beyond either of its ends, of missing and of infinite values.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after = (summarise("x", pa.chunked_array([[*range(n, n + 4), None]])) for n in (0, 2))
    >>> number_cells(before, after)
    Counts(reference=array([1., 1., 1., 1., 0., 1.]), current=array([0., 0., 1., 1., 2., 1.]))
    """
    few = min(reference.values.size, current.values.size)
    bins = min(max(few // VALUES_PER_CELL, FEWEST_CELLS), MOST_CELLS)
    edges, before = _reference_bins(reference, bins, beyond=True)
    sides = ((reference, before), (current, bin_counts(current.values, edges)))
    return Counts(*(_with_holes(side, counts) for side, counts in sides)).held()


def plain_cells(reference: Floats, current: Floats) -> Counts:
    """Counts of two ascending samples between quantiles of the reference.

    >>> plain_cells(np.arange(4.0), np.array([3.0, 9.0]))
    Counts(reference=array([1., 1., 1., 1.]), current=array([0., 0., 0., 2.]))
    """
    bins = min(max(min(reference.size, current.size) // VALUES_PER_CELL, FEWEST_CELLS), MOST_CELLS)
    edges = quantile_edges(reference, bins)
    return Counts(bin_counts(reference, edges), bin_counts(current, edges)).held()


def _reference_bins(reference: ColumnProfile, bins: int, *, beyond: bool) -> tuple[Floats, Floats]:
    """The reference's quantiles, with an edge at either of its ends where what lies `beyond` counts, and its counts.

    Kept while the reference is: every window asks for them.
    """
    kept = _BINS.setdefault(reference, {})
    if (bins, beyond) not in kept:
        edges = quantile_edges(reference.values, bins)
        if beyond:
            below = np.nextafter(reference.values[:1], -np.inf)
            edges = without_repeats(np.concatenate([below, edges, reference.values[-1:]]))
        kept[bins, beyond] = edges, bin_counts(reference.values, edges)
    return kept[bins, beyond]


def _with_holes(side: ColumnProfile, counts: Floats) -> Floats:
    """Rows rather than values kept, where a side was thinned."""
    whole = (side.present - side.infinite) / side.values.size
    return np.append(counts * whole, (side.missing, side.infinite))


def decile_cells(reference: ColumnProfile, current: ColumnProfile) -> Counts:
    """Counts of the finite values between the reference's deciles, as is the custom for PSI."""
    edges, before = _reference_bins(reference, DECILES, beyond=False)
    return Counts(before, bin_counts(current.values, edges))


def aligned_counts(reference: ColumnProfile, current: ColumnProfile) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Counts over the union of categories, and the current ones that the reference never held.

    Where the reference folded its rarest categories into `other`, nobody can tell an unseen category from a rare
    one: both count as `other` and none is called unseen.
    """
    places = {category: at for at, category in enumerate(reference.categories)}
    folded = reference.other > 0
    unseen = () if folded else tuple(name for name in current.categories if name not in places)
    places.update({name: len(reference.categories) + at for at, name in enumerate(unseen)})
    size = len(places) + 1
    before, after = np.zeros(size), np.zeros(size)
    before[: reference.counts.size], before[-1] = reference.counts, reference.other
    spots = np.array([places.get(name, size - 1) for name in current.categories], dtype=np.intp)
    np.add.at(after, spots, current.counts)
    after[-1] += current.other
    held = (before + after) > 0
    return before[held], after[held], unseen


def category_cells(reference: ColumnProfile, current: ColumnProfile) -> tuple[Counts, tuple[str, ...]]:
    """Counts of the categories without missing values, and the unseen categories.

    Where the reference folded some, all are counted by their hash: those kept by name were chosen for being frequent in
    the reference, and would look rarer in any other sample.
    """
    before, after, unseen = aligned_counts(reference, current)
    if reference.other and reference.hashed.size and current.hashed.size:
        return Counts(reference.hashed.astype(np.float64), current.hashed.astype(np.float64)).held(), unseen
    return Counts(before, after), unseen


def with_missing(cells: Counts, reference: ColumnProfile, current: ColumnProfile) -> Counts:
    """The cells and, where either side has any, one of the missing values."""
    if not reference.missing + current.missing:
        return cells
    return Counts(np.append(cells.reference, reference.missing), np.append(cells.current, current.missing))


def span_days(ascending: Floats) -> float:
    """Days that the middle nine tenths of moments in seconds cover: a few far ones make no calendar.

    >>> span_days(np.arange(101) * DAY)
    90.0
    """
    return float(ascending[round(0.95 * (ascending.size - 1))] - ascending[round(0.05 * (ascending.size - 1))]) / DAY


def hours_of(seconds: Floats) -> Floats:
    """Counts by hour of the day, UTC, of moments in seconds, shape (24,)."""
    return np.bincount((seconds // HOUR % HOURS).astype(np.intp), minlength=HOURS).astype(np.float64)


def weekdays_of(seconds: Floats) -> Floats:
    """Counts by day of the week, UTC, Mondays first, shape (7,).

    >>> weekdays_of(np.array([0.0, DAY, 8 * DAY]))
    array([0., 0., 0., 1., 2., 0., 0.])
    """
    return np.bincount(((seconds // DAY + _THURSDAY) % WEEK).astype(np.intp), minlength=WEEK).astype(np.float64)
