"""Page–Hinkley: a rise of the mean, from the cumulative sum of what exceeds a slack.

``S_t = max(0, S_{t-1} + z_t - slack)`` on values z of mean 0 and deviation 1; alarm where S reaches h. The threshold is
the one whose average run length without a change is the promised one (Siegmund's corrected diffusion approximation):
``ARL = (e^{2 k b} - 1 - 2 k b) / (2 k²)``, ``b = h + 1.166``, k the slack.

References
----------
E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), 100-115.
D. Siegmund, "Sequential Analysis" (1985), chapter 10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

#: exceeding the mean by less than half of this, in deviations, is not followed
SLACK = 0.25
#: a sum goes no further beyond its threshold than this many times, so that it comes down soon when all is well again
_CAP = 2.0


def threshold(run_length: float, slack: float = SLACK) -> float:
    """The h at which false alarms are `run_length` values apart on average.

    >>> round(threshold(338, 0.5), 1)
    4.0
    """
    low, high = 0.0, 200.0 / slack
    for _ in range(80):
        middle = (low + high) / 2
        power = 2 * slack * (middle + 1.166)
        length = (math.exp(min(power, 700)) - 1 - power) / (2 * slack**2)
        low, high = (middle, high) if length < run_length else (low, middle)
    return high


def summed(before: float, values: Iterable[float], limit: float, slack: float = SLACK) -> float:
    """The sum after some more values, given what it was `before`; alarm where it is at least `limit`.

    >>> summed(0.0, [0.0, -1.0, 2.0, 2.0], limit=3.0)
    3.5
    """
    for value in values:
        before = min(max(0.0, before + value - slack), _CAP * limit)
    return before
