"""How long a failed attempt waits before the next: twice as long each time, with full jitter.

Reference
---------
M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog (2015).
"""

from __future__ import annotations

from random import Random

#: seconds: the longest first wait, and the longest of all
FIRST, LONGEST = 1.0, 60.0


def wait_before(attempt: int, random: Random) -> float:
    """Seconds until attempt number `attempt`, counted from 1: the first does not wait.

    >>> random = Random(1)
    >>> wait_before(1, random)
    0.0
    >>> all(0 <= wait_before(attempt, random) <= min(FIRST * 2 ** (attempt - 2), LONGEST) for attempt in range(2, 12))
    True
    """
    return 0.0 if attempt <= 1 else random.uniform(0, min(FIRST * 2.0 ** (attempt - 2), LONGEST))
