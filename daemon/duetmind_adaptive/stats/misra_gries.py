"""Misra–Gries heavy hitters: the most frequent of any number of values in a bounded number of counters.

A summary is a set of counters and an `error`: the true count of each value lies in ``[counter, counter + error]``, a
value without a counter came at most `error` times. Two summaries add up by adding counters and errors; when there are
more than `capacity` counters, the (capacity + 1)-th largest is taken off all of them and added to the error. Hence
``error ≤ rows / (capacity + 1)`` after any sequence of additions, for each subtraction of e takes at least
``(capacity + 1) e`` rows out of the counters. While nothing was ever subtracted, all counts are exact.

References
----------
J. Misra, D. Gries, "Finding repeated elements", Science of Computer Programming 2 (1982), 143-152.
P. K. Agarwal et al., "Mergeable summaries", ACM Trans. Database Systems 38 (2013), 26.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple


class HeavyHitters(NamedTuple):
    """Counters by value, and by how much they may fall short."""

    counts: Mapping[str, int]
    error: int = 0


def add(one: HeavyHitters, other: HeavyHitters, capacity: int) -> HeavyHitters:
    """The summary of both together, with at most `capacity` counters.

    Examples
    --------
    >>> add(HeavyHitters({"a": 5, "b": 1}), HeavyHitters({"a": 2, "c": 3}), capacity=2)
    HeavyHitters(counts={'a': 6, 'c': 2}, error=1)
    """
    if not one.counts and not one.error and len(other.counts) <= capacity:
        return other
    total = Counter(one.counts)
    total.update(other.counts)
    error = one.error + other.error
    if len(total) <= capacity:
        return HeavyHitters(dict(total), error)
    off = sorted(total.values(), reverse=True)[capacity]
    return HeavyHitters({value: count - off for value, count in total.items() if count > off}, error + off)
