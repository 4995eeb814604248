"""What moved in a model beside its metric: its answers, and the meaning of its scores.

Both are held against the hold-out, which also tells how much rows that resemble their neighbours prove less.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Floats
from duetmind_adaptive.drift.rows_apart import rows_apart

#: bins of a score by the hold-out's quantiles; of them few rows are too few to judge
SCORE_BINS, FEWEST_ROWS = 10, 20


class Gap(NamedTuple):
    """How far two sides lie apart."""

    #: total variation distance of answers, or mean absolute gap of calibration
    size: float
    #: the same of the hold-out, where that has one
    usual: float
    #: corrected for the number of bins
    p_value: float


def answers_moved(before: Floats, after: Floats) -> Gap:
    """Whether a model answers differently: the shares of its answers in tenths of the hold-out's, or of [0, 1].

    Scores fall into tenths of [0, 1]: a champion that was fitted once more to all rows is surer of itself than the one
    that answered the hold-out, which moves quantiles though nothing changed.

    Parameters
    ----------
    before, after
        One number for each row, in the order of time: the score, the code of a class, or the number predicted.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers_moved(rng.normal(size=4000), rng.normal(size=1000)).p_value > 0.01
    True
    >>> moved = answers_moved(rng.normal(size=4000), rng.normal(size=1000) + 0.5)
    >>> moved.size > 0.1, moved.p_value < 1e-4
    (True, True)
    """
    edges = np.arange(1, SCORE_BINS) / SCORE_BINS
    if before.min() < 0 or before.max() > 1:
        edges = np.unique(np.quantile(before, edges))
    bins = np.arange(edges.size + 1)
    old, new = (np.searchsorted(edges, side, side="left")[:, np.newaxis] == bins for side in (before, after))
    _, p = rows_apart(old.astype(np.float64), new.astype(np.float64))
    size = float(np.abs(old.mean(axis=0) - new.mean(axis=0)).sum() / 2)
    return Gap(size, 0.0, min(float(p.min()) * p.size, 1.0))


def calibration_moved(before: tuple[Floats, Floats], after: tuple[Floats, Floats]) -> Gap | None:
    """Whether scores still mean what they meant: label less score, in bins of the hold-out's scores.

    Parameters
    ----------
    before, after
        Score and label (0 or 1) of each row, in the order of time.

    Returns
    -------
    Gap or None
        Sizes are expected calibration errors; None where no bin has rows enough on both sides.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> score = rng.uniform(size=5000)
    >>> label = (rng.uniform(size=5000) < score).astype(float)
    >>> sound = calibration_moved((score[:4000], label[:4000]), (score[4000:], label[4000:]))
    >>> bold = calibration_moved((score[:4000], label[:4000]), (score[4000:] ** 3, label[4000:]))
    >>> sound.p_value > 0.01, bold.p_value < 1e-4, bold.size > 0.1
    (True, True, True)
    """
    edges = np.unique(np.quantile(before[0], np.arange(1, SCORE_BINS) / SCORE_BINS))
    places = [np.searchsorted(edges, score, side="left") for score, _ in (before, after)]
    counts = [np.bincount(place, minlength=edges.size + 1) for place in places]
    judged = np.flatnonzero((counts[0] >= FEWEST_ROWS) & (counts[1] >= FEWEST_ROWS))
    if not judged.size:
        return None
    gaps = [label - score for score, label in (before, after)]
    means = [_within(place, gap, judged) for place, gap in zip(places, gaps, strict=True)]
    p = np.array(
        [rows_apart(*(gap[place == each] for gap, place in zip(gaps, places, strict=True)))[1] for each in judged]
    )
    shares = counts[1][judged] / counts[1][judged].sum()
    errors = [float(shares @ np.abs(mean)) for mean in means]
    return Gap(errors[1], errors[0], min(float(p.min()) * judged.size, 1.0))


def _within(places: NDArray[np.intp], values: Floats, bins: NDArray[np.intp]) -> Floats:
    return np.array([values[places == each].mean() for each in bins])
