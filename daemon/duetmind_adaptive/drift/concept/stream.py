"""The model's errors as a stream: three detectors on what they exceed their expectation by, given the inputs.

The expectation is a small regression of the hold-out's losses on the bins of its inputs, so that inputs which move
within what the hold-out knows are no change. What is left is averaged over batches of rows, in deviations of such an
average, and followed by Page–Hinkley (a lasting rise), ADWIN (any step among the newest batches) and an e-detector (as
DDM a rise of the error over its usual level, but one that may be watched for ever). Each has its share of the promise
on false alarms; all allow for what the hold-out cannot know of its own mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import Floats, Rows
from duetmind_adaptive.drift.estimation.design import one_hot
from duetmind_adaptive.records import TestResult
from duetmind_adaptive.stats.adwin import most_certain_cut
from duetmind_adaptive.stats.e_detector import EDetector
from duetmind_adaptive.stats.long_run import design_effect
from duetmind_adaptive.stats.page_hinkley import summed, threshold

#: batches of a window, of at least so many rows each, and batches remembered
BATCHES, BATCH_ROWS, REMEMBERED = 20, 10, 400
#: standard errors of the hold-out's mean that are no change, and rise in deviations of a loss that is none either
_UNSURE, _LEAST = 3.0, 0.05
_FOLDS, _PENALTY = 3, 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What losses were on the hold-out."""

    line: Floats
    #: of a row's excess, and how many independent rows the hold-out is worth
    deviation: float
    worth: float
    #: variance of a mean of neighbouring rows over that of independent ones
    dependence: float

    @classmethod
    def of(cls, before: Rows) -> Usual:
        """Learn from the hold-out; the deviation is that of rows not learned from."""
        x, losses = one_hot(before.codes), before.losses
        fold = np.arange(len(losses)) * _FOLDS // len(losses)
        left = np.empty(len(losses))
        for each in range(_FOLDS):
            left[fold == each] = (losses - x @ _line(x[fold != each], losses[fold != each]))[fold == each]
        dependence = design_effect(left)
        return cls(_line(x, losses), max(float(left.std()), 1e-9), len(losses) / dependence, dependence)

    @property
    def tolerance(self) -> float:
        """Rise of the mean that is no change, in deviations of a row's excess."""
        return _UNSURE / math.sqrt(self.worth)

    def excess(self, rows: Rows) -> Floats:
        """Losses over their expectation, in deviations."""
        return (rows.losses - one_hot(rows.codes) @ self.line) / self.deviation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """What the windows before left behind."""

    batches: tuple[float, ...] = ()
    #: first row of the window of each batch
    rows: tuple[int, ...] = ()
    page_hinkley: float = 0.0
    log_sums: tuple[float, ...] = ()

    def to_section(self) -> dict[str, Any]:
        """JSON values."""
        sums = [max(each, -1e6) for each in self.log_sums]
        batches = [round(each, 4) for each in self.batches]
        return {"batches": batches, "rows": list(self.rows), "page_hinkley": self.page_hinkley, "log_sums": sums}

    @classmethod
    def from_section(cls, section: Mapping[str, Any] | None) -> Stream:
        """What `to_section` gave; an empty stream from None."""
        if section is None:
            return cls()
        return cls(
            batches=tuple(section["batches"]),
            rows=tuple(section["rows"]),
            page_hinkley=section["page_hinkley"],
            log_sums=tuple(section["log_sums"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The stream after one more window, what each detector says of it, and since which row's window."""

    stream: Stream
    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    telling: tuple[str, ...] = ()
    since_row: int | None = None


class Habit(NamedTuple):
    """What is natural for the mean excess of a window, in deviations."""

    #: what the hour or the day lets expect
    expected: float = 0.0
    #: variance beyond that of the window's rows
    variance: float = 0.0
    #: variance of the hold-out's own mean
    unsure: float = 0.0


def follow(
    stream: Stream, usual: Usual, window: Rows, first_row: int, *, checks: float, habit: Habit | None = None
) -> Followed:
    """Take in a window's errors.

    Parameters
    ----------
    stream
        As the window before left it.
    usual
        What the hold-out shows.
    window
        Labelled rows in the order of time, at least 20.
    first_row
        Of the window.
    checks
        False alarms of all detectors together are at most one in so many windows.
    habit
        What is natural; default: what its rows explain.

    Examples
    --------
    >>> rng, none = np.random.default_rng(1), np.zeros((1000, 0), np.int8)
    >>> usual = Usual.of(Rows(none, rng.normal(size=(1000, 1))))
    >>> found = follow(Stream(), usual, Rows(none, rng.normal(size=(1000, 1))), 0, checks=7200)
    >>> follow(found.stream, usual, Rows(none, rng.normal(size=(1000, 1)) * 1.5), 1000, checks=7200).telling
    ('page_hinkley', 'adwin', 'ddm')
    """
    habit = habit or Habit()
    each, excess = checks * 3, usual.excess(window) - habit.expected
    tolerance = max(usual.tolerance, _UNSURE * math.sqrt(habit.unsure))
    dependence = max(usual.dependence, design_effect(excess))
    edges = np.linspace(0, excess.size, int(np.clip(excess.size // BATCH_ROWS, 1, BATCHES)) + 1).astype(np.intp)
    # deviation of a batch's mean; what varies from window to window is common to its batches
    unit = math.sqrt((dependence / excess.size + habit.variance) * (edges.size - 1))
    fresh = np.add.reduceat(excess, edges[:-1]) / np.diff(edges) / unit
    limit = threshold(each * fresh.size)
    hinkley = summed(stream.page_hinkley, (fresh - tolerance / unit).tolist(), limit)
    batches = np.concatenate([stream.batches, fresh])[-REMEMBERED:]
    rows = (*stream.rows, *[first_row] * fresh.size)[-REMEMBERED:]
    cut = most_certain_cut(batches, deviation=1.0)
    detector = EDetector(tolerance=tolerance, log_sums=stream.log_sums)
    detector = detector.update(float(excess.mean()), math.sqrt(dependence / excess.size + habit.variance))
    tests = {
        "page_hinkley": TestResult(statistic=hinkley),
        "adwin": TestResult(statistic=cut.rise if cut else 0.0, p_value=cut.delta if cut else 1.0),
        "ddm": TestResult(statistic=detector.log_level),
    }
    risen = float(excess.mean()) > tolerance + _LEAST
    stepped = cut is not None and cut.delta * each <= 1 and cut.rise * unit > tolerance
    holds = {"page_hinkley": hinkley >= limit, "adwin": stepped, "ddm": detector.log_level >= math.log(each)}
    most = math.log(each) + 3  # what goes far beyond the alarm would take as long to come down
    kept = replace(detector, log_sums=tuple(min(level, most) for level in detector.log_sums))
    return Followed(
        stream=Stream(batches=tuple(batches.tolist()), rows=rows, page_hinkley=hinkley, log_sums=kept.log_sums),
        tests=tests,
        telling=tuple(name for name, held in holds.items() if held and risen),
        since_row=rows[cut.at] if stepped and risen and cut else None,
    )


def _line(x: Floats, y: Floats) -> Floats:
    penalty: NDArray[np.float64] = np.full(x.shape[1], _PENALTY)
    penalty[0] = 1e-6
    return np.asarray(np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y), dtype=np.float64)
