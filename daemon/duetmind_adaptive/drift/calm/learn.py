"""Learns what is natural from the reference itself: windows of it against each other.

The reference is cut into windows as production will be. Within windows, neighbouring rows give the design effect;
between windows, what is left of the spread of their means after the seasons is compared with what the rows explain.
A season is taken out where the reference holds at least two whole cycles of it and the windows of its slots differ by
more than chance (F test), and each slot's mean is shrunk towards none by what is known of it (empirical Bayes).

References
----------
H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", Ann. Statist. 17 (1989), 1217-1241.
B. Efron, C. Morris, "Stein's estimation rule and its competitors", JASA 68 (1973), 117-130.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, fdtrc

from duetmind_adaptive.drift.calm.null import SLOTS, Natural, Season, slot_of
from duetmind_adaptive.stats.long_run import design_effect

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

HOUR, DAY = 3_600.0, 86_400.0
#: of each season: length of a cycle, and longest window that still falls into one slot, in seconds
CYCLES: dict[Season, tuple[float, float]] = {
    "hour of day": (DAY, 6 * HOUR),
    "day of week": (7 * DAY, 2 * DAY),
    "month": (365.25 * DAY, 45 * DAY),
}
#: fewest windows the reference is cut into; shorter ones are taken where it is not long enough
FEWEST_WINDOWS = 8
#: a season is one when chance would make its slots differ as much less often than this
SEASON_LEVEL = 0.001
#: windows differ more than their rows explain when chance would do so less often than this
EXCESS_LEVEL = 0.01
#: an excess that few windows show is taken at this quantile of what it may be
UNSURE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """How the reference falls into windows: rows `[starts[i], starts[i + 1])`, with the middle of each in time."""

    starts: Places
    rows: int
    #: seconds since 1970; None where rows have no times
    middles: Floats | None = None

    @classmethod
    def of(cls, rows: int, window: int | None, every: float | None, moments: Floats | None) -> Cuts:
        """Cut by rows, or by time where `every` (seconds) says so and the rows have times, ascending."""
        if every is not None and moments is not None and rows:
            slots = np.floor(moments / every)
            starts = np.append(0, np.flatnonzero(np.diff(slots)) + 1)
            if starts.size >= FEWEST_WINDOWS:
                return cls(starts, rows, _middles(starts, rows, moments))
        size = max(1, min(window or rows, rows // FEWEST_WINDOWS))
        starts = np.arange(0, max(rows - size + 1, 1), size)
        return cls(starts, int(starts[-1]) + min(size, rows), _middles(starts, rows, moments))

    @property
    def sizes(self) -> Places:
        """Rows of each window."""
        return np.diff(np.append(self.starts, self.rows))

    @property
    def span(self) -> float:
        """Seconds that a window covers, as the time from one middle to the next; 0 without times."""
        return float(np.median(np.diff(self.middles))) if self.middles is not None and self.middles.size > 1 else 0.0


def _middles(starts: Places, rows: int, moments: Floats | None) -> Floats | None:
    if moments is None:
        return None
    ends = np.append(starts[1:], rows) - 1
    return (moments[starts] + moments[ends]) / 2


def learn(scores: Iterable[Floats], cuts: Cuts) -> Natural:
    """What is natural for the scores of several columns.

    Parameters
    ----------
    scores
        Of each column, the scores of the reference's rows in time order, shape (n, s).
    cuts
        How those rows fall into windows.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(20_000, 1))
    >>> natural = learn([noise], Cuts.of(20_000, 1_000, None, None))
    >>> natural.design.round(1), natural.excess.round(4), natural.seasons
    (array([1.]), array([0.]), {})
    """
    parts = [_window_means(each[: cuts.rows], cuts) for each in scores]
    means = np.column_stack([part[0] for part in parts]) if parts else np.empty((cuts.starts.size, 0))
    design = np.concatenate([part[1] for part in parts]) if parts else np.empty(0)
    return learn_from_windows(means, design, cuts)


def learn_from_windows(means: Floats, design: Floats, cuts: Cuts) -> Natural:
    """The same from what is known of windows: their means, shape (b, s), and the design effects of their rows."""
    centred = means - means.mean(axis=0)
    seasons = dict[Season, "tuple[Floats, Floats]"]()
    freedom = cuts.starts.size - 1
    for season in _seasons(cuts):
        slots = np.array([slot_of(season, moment) for moment in cuts.middles]) if cuts.middles is not None else None
        if slots is None:
            continue
        expected, unsure = _slot_means(centred, slots, SLOTS[season])
        if expected.any():
            seasons[season] = expected, unsure
            centred, freedom = centred - expected[:, slots].T, freedom - np.unique(slots).size + 1
    excess = _excess(centred, design / cuts.sizes.mean(), max(freedom, 1))
    memory = np.array([design_effect(series) for series in centred.T]) if centred.size else np.ones(design.size)
    reference = (design / max(cuts.rows, 1) + excess / cuts.starts.size) * memory
    return Natural(design, excess, memory, reference, seasons)


def _window_means(scores: Floats, cuts: Cuts) -> tuple[Floats, Floats]:
    """Means of each window, and the design effect of rows about them."""
    means = np.add.reduceat(scores, cuts.starts, axis=0) / cuts.sizes[:, np.newaxis]
    within = scores - np.repeat(means, cuts.sizes, axis=0)
    return means, np.array([design_effect(np.ascontiguousarray(column)) for column in within.T])


def _seasons(cuts: Cuts) -> Sequence[Season]:
    """The seasons that windows of this length can show and the reference is long enough for."""
    if cuts.middles is None or cuts.middles.size < 2 * FEWEST_WINDOWS:
        return ()
    covered = float(cuts.middles[-1] - cuts.middles[0]) + cuts.span
    return [name for name, (cycle, longest) in CYCLES.items() if cuts.span <= longest and covered >= 2 * cycle]


def _slot_means(centred: Floats, slots: Places, count: int) -> tuple[Floats, Floats]:
    """Shrunken mean of each slot and its variance, shape (s, slots); zeros where slots do not differ."""
    counts = np.bincount(slots, minlength=count).astype(np.float64)
    held = counts > 0
    sums = np.zeros((count, centred.shape[1]))
    np.add.at(sums, slots, centred)
    means = np.divide(sums, counts[:, np.newaxis], out=np.zeros_like(sums), where=held[:, np.newaxis])
    groups, windows = int(held.sum()), centred.shape[0]
    freedom = max(windows - groups, 1)
    noise = ((centred - means[slots]) ** 2).sum(axis=0) / freedom
    between = (counts[:, np.newaxis] * means**2).sum(axis=0) / max(groups - 1, 1)
    ratio = np.divide(between, noise, out=np.zeros_like(between), where=noise > 0)
    real = fdtrc(max(groups - 1, 1), freedom, ratio) < SEASON_LEVEL
    spread = np.maximum(between - noise, 0.0) * groups / windows * real
    unsure = noise / np.maximum(counts, 1.0)[:, np.newaxis]
    share = np.divide(spread, spread + unsure, out=np.zeros_like(unsure), where=spread + unsure > 0)
    # a slot that the reference never showed may be anywhere among the others
    left = np.where(held[:, np.newaxis], share * unsure, spread)
    return (share * means * held[:, np.newaxis]).T, left.T


def _excess(centred: Floats, explained: Floats, freedom: int) -> Floats:
    """Variance of window means beyond what their rows explain, where it is more than chance."""
    seen = (centred**2).sum(axis=0) / freedom
    natural = chdtri(freedom, EXCESS_LEVEL) / freedom
    cautious = freedom / chdtri(freedom, 1 - UNSURE)
    return np.where(seen > natural * explained, np.maximum(seen * cautious - explained, 0.0), 0.0)
