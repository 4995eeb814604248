"""What moved in a model beside its metric: its answers, the meaning of its scores, and how it does on parts of rows.

All are held against the hold-out, by batch means on both sides: rows which resemble their neighbours prove less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Codes, Floats
from duetmind_adaptive.drift.estimation.design import CODES, MISSING, Binning
from duetmind_adaptive.stats.batch_means import Part, mean_of_rows, welch

#: bins of a score by the hold-out's quantiles; of them few rows are too few to judge
SCORE_BINS, FEWEST_ROWS = 10, 20
#: of the rows of window and hold-out, a segment has at least
SEGMENT_SHARE = 0.05


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
    t, p = _apart(old.astype(np.float64), new.astype(np.float64))
    del t
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
    p = np.array([_apart_within(places, gaps, int(each))[1] for each in judged])
    shares = counts[1][judged] / counts[1][judged].sum()
    errors = [float(shares @ np.abs(mean)) for mean in means]
    return Gap(errors[1], errors[0], min(float(p.min()) * judged.size, 1.0))


class Fallen(NamedTuple):
    """A part of the rows that does worse than it did."""

    where: str
    inside: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    #: mean loss after less mean loss before, and its p-value corrected for all segments, one-sided
    worse: float
    p_value: float


def segments(
    binning: Binning, codes: tuple[Codes, Codes], losses: tuple[Floats, Floats], words: Sequence[str] | None = None
) -> list[Fallen]:
    """Every bin of every column that has rows enough, most certain fall first.

    Parameters
    ----------
    binning
        How the columns were cut.
    codes, losses
        Of the hold-out's and of the window's rows, in the order of time.
    words
        Names of the columns; default: as they are cut.
    """
    names = list(words or binning.names)
    cells = [
        (place, code)
        for place in range(len(names))
        for code in range(CODES)
        if all(float((side[:, place] == code).mean()) >= SEGMENT_SHARE for side in codes)
        and all(float((side[:, place] == code).mean()) <= 1 - SEGMENT_SHARE for side in codes)
        and all(int((side[:, place] == code).sum()) >= FEWEST_ROWS for side in codes)
    ]
    found = list[Fallen]()
    for place, code in cells:
        inside = tuple(side[:, place] == code for side in codes)
        t, p = _apart_within([side.astype(np.intp) for side in inside], losses, 1)
        one_sided = p / 2 if t > 0 else 1.0
        worse = float(losses[1][inside[1]].mean() - losses[0][inside[0]].mean())
        where = _words(names[place], binning.cuts[place], code)
        found.append(Fallen(where, (inside[0], inside[1]), worse, min(one_sided * len(cells), 1.0)))
    return sorted(found, key=lambda part: part.p_value)


def _within(places: NDArray[np.intp], values: Floats, bins: NDArray[np.intp]) -> Floats:
    return np.array([values[places == each].mean() for each in bins])


def _apart(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    old, new = mean_of_rows(before), mean_of_rows(after)
    return welch(new.value - old.value, Part(new.variance, new.freedom), Part(old.variance, old.freedom))


def _apart_within(places: Sequence[NDArray[np.intp]], values: Sequence[Floats], at: int) -> tuple[float, float]:
    t, p = _apart(*(value[place == at] for value, place in zip(values, places, strict=True)))
    return float(t), float(p)


def _words(name: str, cut: Floats | pa.Array, code: int) -> str:
    if code == MISSING:
        return f"{name} is missing"
    if isinstance(cut, pa.Array):
        words: list[object] = pa.array(cut).to_pylist()
        return f"{name} = {str(words[code - 1])!r}" if code <= len(words) else f"{name} is a rare word"
    if code == 1:
        return f"{name} ≤ {cut[0]:.4g}"
    return f"{name} > {cut[-1]:.4g}" if code > len(cut) else f"{cut[code - 2]:.4g} < {name} ≤ {cut[code - 1]:.4g}"
