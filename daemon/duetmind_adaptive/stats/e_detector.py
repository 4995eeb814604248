"""An alarm with a promised rate that watches for ever: the Shiryaev–Roberts e-detector.

At every window a new bet against "the mean is within its tolerance" is opened, beside all the earlier ones; the
detector is the sum of their capitals. While nothing moves, its expectation grows by at most 1 per window, so that the
first alarm at a level A takes at least A windows on average: ``A = 720``, restarting after each alarm, is at most one
false alarm in 30 days of hourly checks. A change is found soon even after months of calm, because the bet that was
opened with it has lost nothing yet.

The tolerance is for what the reference cannot know (four standard errors of its mean, say). The size of a change worth
an alarm should be held against the estimate instead: as a tolerance it would cost most of the power. With 1,000-row
windows, A = 720, a tolerance of 0.02 and one of 20 columns moved, 0.2 standard deviations are found in the first window
and 0.1 in the fourth (medians).

Formula, for estimates x with standard errors s, normal (or sub-Gaussian) given the past, and an excess δ over the
tolerance τ: ``R_t = (1 + R_{t-1}) exp(δ (±x - τ) / s² - δ² / (2 s²))``; the detector is the mean of R over a grid of δ
and both signs.

Any average of detectors is one, whatever their dependence: over the columns of a table take the mean of the levels
(`together`), and the promise holds for the table.

Reference
---------
J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", New England
J. Statistics in Data Science 2 (2024), 229-260.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

#: excesses over the tolerance that are bet on, in the unit of the estimates (reference standard deviations)
EXCESSES = (0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class EDetector:
    """Evidence that ``|mean| ≤ tolerance`` has ceased to hold at some time.

    Examples
    --------
    >>> calm = EDetector(tolerance=0.05)
    >>> for _ in range(1000):
    ...     calm = calm.update(0.01, error=0.03)
    >>> moved = calm.update(0.25, error=0.03)
    >>> calm.log_level < 1, moved.log_level > math.log(720)
    (True, True)
    """

    #: largest mean, to either side, that is no change; in the unit of the estimates
    tolerance: float
    excesses: tuple[float, ...] = EXCESSES
    #: logarithms of R, first for the positive sides of all excesses, then for the negative ones; empty at the start
    log_sums: tuple[float, ...] = ()

    def update(self, estimate: float, error: float) -> EDetector:
        """State after one more window's estimate with standard error `error` > 0."""
        excess = np.array(self.excesses)
        sides = np.array([[estimate], [-estimate]]) - self.tolerance
        bets = ((excess * sides - excess**2 / 2) / error**2).ravel()
        before = np.array(self.log_sums) if self.log_sums else np.full(bets.size, -math.inf)
        return replace(self, log_sums=tuple((np.logaddexp(0.0, before) + bets).tolist()))

    @property
    def log_level(self) -> float:
        """Natural logarithm of the detector; alarm where it reaches ``log(A)``. -inf at the start."""
        if not self.log_sums:
            return -math.inf
        return float(np.logaddexp.reduce(self.log_sums)) - math.log(len(self.log_sums))


def together(log_levels: Iterable[float]) -> float:
    """Logarithm of the mean of several detectors: one for the table, whatever the dependence of its columns.

    Examples
    --------
    >>> round(together([math.log(1400.0), 0.0, -math.inf, math.log(39.0)]), 6) == round(math.log(360.0), 6)
    True
    """
    levels = np.fromiter(log_levels, dtype=np.float64)
    return float(np.logaddexp.reduce(levels)) - math.log(levels.size)
