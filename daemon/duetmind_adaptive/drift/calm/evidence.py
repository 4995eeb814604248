"""Evidence that a score's mean has moved, gathered over windows: Shiryaev–Roberts e-detectors, many at once.

The method and its promise are those of `stats.e_detector`; this is the same arithmetic for all scores of a table in
arrays. At each window a bet against "nothing moved" is opened beside all the earlier ones, for each size of a shift and
either side; a column's level is the weighted mean of its bets' capitals. While nothing moves, the mean over columns
grows by at most 1 a window, so that it reaches a level A no sooner than after A windows on average.

Of the columns those are said to have moved that e-BH rejects at that level: the k largest, where the k-th is at least
``A · columns / k``. That implies that their mean reaches A, so the promise holds whatever their dependence.

Capitals are capped a little above what an alarm needs: a smaller capital breaks no promise, and when things are as
before, the alarm ends within a few windows.

References
----------
J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", New England
J. Statistics in Data Science 2 (2024), 229-260.
R. Wang, A. Ramdas, "False discovery rate control with e-values", J. Royal Stat. Soc. B 84 (2022), 822-852.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: shifts beyond the tolerance that are bet on, in standard deviations of a row
EXCESSES = np.array([0.05, 0.1, 0.18, 0.4, 1.0])
#: a score whose best bet is below this starts to count its windows anew
STANDING = 1.0
#: weight of the window before beside the newest in the mean shift, so that what is over is soon seen to be
KEPT = 0.6
#: stored logarithms are rounded down to this
_GRAIN = 1 / 64


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The state for s scores; frozen, small, made of plain arrays."""

    #: logarithms of the capitals: positive sides of all excesses, then negative ones; shape (s, 2 · excesses)
    capitals: Floats
    #: of the windows since evidence began to stand, the newest ones most of all: Σ weight and Σ weight · shift; and
    #: the first row of the first of them; shape (s,)
    weight: Floats
    weighted: Floats
    since: NDArray[np.int64]

    @classmethod
    def none(cls, scores: int) -> Evidence:
        """Nothing was seen yet."""
        capitals = np.full((scores, 2 * EXCESSES.size), -math.inf)
        return cls(capitals, np.zeros(scores), np.zeros(scores), np.full(scores, -1))

    def update(
        self,
        shift: Floats,
        error: Floats,
        tolerance: Floats,
        *,
        row: int,
        cap: Floats,
        upward: NDArray[np.bool_] | None = None,
    ) -> Evidence:
        """State after one more window.

        Parameters
        ----------
        shift
            Mean of each score in the window less what was expected, in standard deviations of a row, shape (s,).
        error
            Standard errors; infinite where a score could not be taken.
        tolerance
            Shifts up to this are none.
        row
            The window's first.
        cap
            Largest logarithm of a capital of each score, shape (s,).
        upward
            Scores that only a rise is bet on, shape (s,).
        """
        precision = 1 / error**2
        sides = np.concatenate([np.outer(shift, np.ones_like(EXCESSES)), np.outer(-shift, np.ones_like(EXCESSES))], 1)
        excess = np.tile(EXCESSES, 2)
        bets = (excess * (sides - tolerance[:, np.newaxis]) - excess**2 / 2) * precision[:, np.newaxis]
        capitals = np.minimum(np.logaddexp(0.0, self.capitals) + bets, cap[:, np.newaxis])
        if upward is not None:
            capitals[upward, EXCESSES.size :] = -math.inf
        stood = self.standing
        weight = np.where(stood, KEPT * self.weight, 0.0) + precision
        weighted = np.where(stood, KEPT * self.weighted, 0.0) + precision * shift
        return replace(
            self, capitals=capitals, weight=weight, weighted=weighted, since=np.where(stood, self.since, row)
        )

    @property
    def standing(self) -> NDArray[np.bool_]:
        """Whether there is any evidence for a score worth speaking of."""
        return self.capitals.max(axis=1, initial=-math.inf) > STANDING

    @property
    def shifts(self) -> Floats:
        """Mean shift of each score over the newest windows since its evidence began."""
        return np.divide(self.weighted, self.weight, out=np.zeros_like(self.weighted), where=self.weight > 0)

    def levels(self, weights: Floats) -> Floats:
        """Logarithm of each score's capital times its weight within its column."""
        with np.errstate(divide="ignore"):
            return np.logaddexp.reduce(self.capitals, axis=1) - math.log(2 * EXCESSES.size) + np.log(weights)

    def to_json(self) -> dict[str, Any]:
        """Plain values of bounded size for `from_json`."""
        floor = np.iinfo(np.int16).min
        grains = np.where(np.isfinite(self.capitals), np.floor(self.capitals / _GRAIN), floor)
        return {
            "capitals": _packed(np.clip(grains, floor, -floor - 1).astype(np.int16)),
            "weight": _packed(self.weight.astype(np.float32)),
            "weighted": _packed(self.weighted.astype(np.float32)),
            "since": _packed(self.since.astype(np.int64)),
        }

    @classmethod
    def from_json(cls, held: dict[str, Any], scores: int) -> Evidence:
        """The state as it was, for as many scores; none where it was about others."""
        grains = _unpacked(held["capitals"], np.int16).astype(np.float64)
        if grains.size != scores * 2 * EXCESSES.size:
            return cls.none(scores)
        capitals = np.where(grains == np.iinfo(np.int16).min, -math.inf, grains * _GRAIN)
        weight, weighted = (_unpacked(held[name], np.float32).astype(np.float64) for name in ("weight", "weighted"))
        return cls(capitals.reshape(scores, -1), weight, weighted, _unpacked(held["since"], np.int64))


def moved(levels: Floats, checks: float) -> NDArray[np.bool_]:
    """The columns that e-BH rejects, from the logarithms of their levels.

    Parameters
    ----------
    levels
        Of each column, shape (m,).
    checks
        False alarms are at most one in so many windows.

    Examples
    --------
    >>> moved(np.log([3000.0, 2000.0, 1.0]), checks=1000)
    array([ True,  True, False])
    """
    order = np.argsort(-levels, kind="stable")
    needed = math.log(checks) + np.log(levels.size / np.arange(1, levels.size + 1)) if levels.size else levels
    reached = np.flatnonzero(levels[order] >= needed)
    rejected = np.zeros(levels.size, dtype=bool)
    rejected[order[: reached[-1] + 1 if reached.size else 0]] = True
    return rejected


def _packed(values: NDArray[Any]) -> str:
    return base64.b85encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _unpacked(text: str, kind: type[np.generic]) -> NDArray[Any]:
    return np.frombuffer(base64.b85decode(text), dtype=kind)
