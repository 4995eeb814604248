"""What became of past estimates corrects the next ones: their bias, and how wide an interval must be.

When the labels of an estimated window come in, its error moves the bias (an exponential average, drawn to zero unless
it stands out of the noise). Intervals reach as far as the newest errors did, in standard errors: their weighted
quantile, with what is expected of a sound estimator as a prior. Its level follows the share of misses, so that in the
long run 1 - `CONFIDENCE` of all intervals miss, however data change. While errors move from window to window, or from
pair to pair of windows, by more than noise does, an interval also reaches as far as they may have got in the windows
whose truth is not known yet. All values are on the metric's `Scale`.

References
----------
I. Gibbs, E. Candès, "Adaptive conformal inference under distribution shift", NeurIPS 34 (2021).
R. F. Barber et al., "Conformal prediction beyond exchangeability", Annals of Statistics 51 (2023), 816-845.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from duetmind_adaptive.drift.estimation.estimator import Raw

CONFIDENCE = 0.9
#: how fast the bias follows, how fast while errors move, and how far it must stand out of one window's noise
_FOLLOW, _CHASE, _NOISE = 0.5, 0.8, 1.0
#: how much less an error counts than the next one, and how many errors are remembered
_FADE, REMEMBERED = 0.92, 25
#: how much the prior weighs, in errors: sizes of normal ones, in standard errors
_PRIOR = 6.0
_NORMAL = ndtri(0.5 + (np.arange(20) + 0.5) / 40)
#: standard errors that errors move by, by chance, from one window to the next and from two windows to the next two,
#: and windows that a move between pairs takes
_STRIDE, _PAIR_STRIDE, _PAIR_WINDOWS = 1.25, 0.8, 1.5
#: how long a pace is remembered that is over: one above a standard error, and one below
_SLOWS, _STOPS = 0.8, 0.4
#: how much faster than seen so far errors may move in the windows to come
_QUICKENS = 1.1
#: half of the narrowest interval, in standard errors
_NARROWEST = 1.0
#: how fast the level of misses follows, and its ends
_STEP, _ENDS = 0.05, (0.02, 0.3)
#: windows whose labels are awaited, at most, and errors remembered
WAITING = 200


class Sent(NamedTuple):
    """An estimate that was given, and waits for its truth."""

    first_row: int
    raw: float
    error: float
    #: corrected, with the half-width of its interval
    value: float
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What is known of the estimator's own errors.

    Examples
    --------
    >>> feedback = Feedback()
    >>> for window in range(6):  # it is off by 0.1 from now on, and learns so two windows later
    ...     sent = feedback.send(window, Raw(0.9, 0.01, 0.01, 1.0))
    ...     feedback = feedback.sent(sent)
    ...     feedback = feedback.learn(window - 1, 0.8) if window else feedback
    >>> round(sent.value, 2)
    0.81
    """

    waiting: tuple[Sent, ...] = ()
    bias: float = 0.0
    #: how many errors the bias is the average of
    learned: int = 0
    #: sizes of the newest errors of what was given, in standard errors, oldest first
    errors: tuple[float, ...] = ()
    #: errors of the newest three windows whose truth came, oldest first, and how fast they move beyond noise
    newest: tuple[float, ...] = ()
    pace: float = 0.0
    #: share of misses that the quantile is taken for
    level: float = 1 - CONFIDENCE

    def send(self, first_row: int, raw: Raw) -> Sent:
        """The estimate for a window: corrected, with the half-width of its interval."""
        held = max(0.0, 1 - (_NOISE * raw.noise / self.bias) ** 2) if self.bias else 0.0
        return Sent(
            first_row,
            raw.value,
            raw.error,
            raw.value + held * self.bias,
            self._width() * raw.error + _QUICKENS * self.pace * len(self.waiting),
        )

    def _width(self) -> float:
        """The quantile of error sizes, newest first in weight."""
        ages = np.arange(len(self.errors))[::-1]
        sizes = np.concatenate([self.errors, _NORMAL])
        weights = np.concatenate([_FADE**ages, np.full(_NORMAL.size, _PRIOR / _NORMAL.size)])
        order = np.argsort(sizes)
        below = np.cumsum(weights[order]) / weights.sum()
        quantile = sizes[order][min(int(np.searchsorted(below, 1 - self.level)), sizes.size - 1)]
        return max(float(quantile), _NARROWEST)

    def sent(self, sent: Sent) -> Feedback:
        """With one window more that waits for its truth; a window that is estimated anew waits once."""
        others = [each for each in self.waiting if each.first_row != sent.first_row]
        return replace(self, waiting=(*others, sent)[-WAITING:])

    def learn(self, first_row: int, truth: float) -> Feedback:
        """With what became of a window; unchanged where it was not estimated."""
        found = next((each for each in self.waiting if each.first_row == first_row), None)
        if found is None:
            return self
        error = truth - found.raw
        moved = self._moved(error, found.error)
        share = max(_CHASE if moved > found.error else _FOLLOW, 1 / (self.learned + 2))
        slows = _SLOWS if self.pace > found.error else _STOPS
        missed = abs(truth - found.value) > found.reach
        return replace(
            self,
            waiting=tuple(each for each in self.waiting if each.first_row > first_row),
            bias=self.bias + share * (error - self.bias),
            learned=self.learned + 1,
            newest=(*self.newest, error)[-3:],
            pace=max(moved, slows * self.pace),
            errors=(*self.errors, abs(truth - found.value) / max(found.error, 1e-12))[-REMEMBERED:],
            level=float(np.clip(self.level + _STEP * (1 - CONFIDENCE - missed), *_ENDS)),
        )

    def _moved(self, error: float, noise: float) -> float:
        """How far errors moved within a window, beyond what noise would have moved them."""
        moved = abs(error - self.newest[-1]) - _STRIDE * noise if self.newest else 0.0
        if len(self.newest) > 2:
            pair = abs((error + self.newest[-1]) - (self.newest[-2] + self.newest[-3])) / 2
            moved = max(moved, (pair - _PAIR_STRIDE * noise) / _PAIR_WINDOWS)
        return max(moved, 0.0)

    def to_section(self) -> dict[str, Any]:
        """JSON values for the memory between checks."""
        waiting = [list(each) for each in self.waiting]
        errors = [round(each, 4) for each in self.errors]
        return {
            "waiting": waiting, "bias": self.bias, "learned": self.learned, "errors": errors,
            "newest": list(self.newest),
            "pace": self.pace, "level": self.level,
        }  # fmt: skip

    @classmethod
    def from_section(cls, section: Mapping[str, Any] | None) -> Feedback:
        """What `to_section` gave; nothing learned from None."""
        if section is None:
            return cls()
        return cls(
            waiting=tuple(Sent(*each) for each in section["waiting"]),
            bias=section["bias"],
            learned=section["learned"],
            errors=tuple(section["errors"]),
            newest=tuple(section["newest"]),
            pace=section["pace"],
            level=section["level"],
        )
