"""Evidence that adds up, from p-values: half of the stake on each window alone, half on what a row of windows says.

An e-value is a bet at fair odds against the null hypothesis; a p-value becomes one by a calibrator, and an average of
two is one. ``e = ½ e₁ + ½ e₂`` with ``e₁ = 2A`` where ``p ≤ 1 / (2A)``, else 0, so that one telling window suffices
for the level A, and ``e₂ = (1 - p + p ln p) / (p ln² p)``, a mixture of the calibrators ``κ p^(κ-1)``, for several less
telling ones.
The Shiryaev–Roberts sum ``R = (1 + R) e`` reaches A no sooner than after A windows on average while nothing changes.

References
----------
V. Vovk, R. Wang, "E-values: calibration, combination and applications", Annals of Statistics 49 (2021), 1736-1754.
J. Shin, A. Ramdas, A. Rinaldo, "E-detectors", New England J. Statistics in Data Science 2 (2024), 229-260.
"""

from __future__ import annotations

import math

#: p-values are not taken for smaller: approximations of their tails end somewhere
SMALLEST = 1e-30


def e_value(p_value: float, checks: float) -> float:
    """The bet's outcome for one window, given how many `checks` (A) the promise is for.

    >>> round(e_value(0.5, 7200), 2), round(e_value(1e-3, 7200), 1), e_value(1e-5, 7200) > 7200
    (0.32, 10.4, True)
    """
    p_value = min(max(p_value, SMALLEST), 1 - 1e-9)
    logarithm = math.log(p_value)
    mixed = (1 - p_value + p_value * logarithm) / (p_value * logarithm**2)
    return (checks if 2 * checks * p_value <= 1 else 0.0) + max(mixed, 0.5) / 2


def gathered(before: float, p_value: float, checks: float) -> float:
    """The sum R after one more window, at most A, so that calm windows are told soon after a change has passed.

    >>> level = 0.0
    >>> for _ in range(4):
    ...     level = gathered(level, 1e-3, 7200)
    >>> level
    7200
    """
    return min((1 + before) * e_value(p_value, checks), checks)
