"""How many jobs may run at a time: as many as there are to run, within the operator's bounds."""

from __future__ import annotations


def places(at_present: int, demand: int, *, low: int, high: int) -> int:
    """The number of places for jobs.

    It grows at once, because somebody waits, and shrinks only when less than half of it is used, so that a job that
    ends and one that begins do not move it.

    Parameters
    ----------
    at_present
        Places that there are.
    demand
        Jobs that run or are due.
    low, high
        The bounds, low ≤ high.

    Examples
    --------
    >>> [places(2, demand, low=1, high=8) for demand in (0, 1, 2, 5, 50)]
    [1, 2, 2, 5, 8]
    >>> [places(8, demand, low=2, high=6) for demand in (5, 3, 2)]
    [6, 3, 2]
    """
    wanted = min(max(demand, low), high)
    kept = min(max(at_present, low), high)
    return kept if wanted < kept and 2 * demand >= at_present else wanted
