"""When to try again: exponential back-off with full jitter, decided by a pure function.

Full jitter spreads the tries of many deliveries that failed together over the whole interval.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from duetmind_adaptive.contracts import Delivered, Outcome, Postponed, Rejected, Retry, RetryPolicy, Suppressed


def delay(policy: RetryPolicy, failures: int, random: Random) -> timedelta:
    """How long to wait after the `failures`-th failure: at most min(cap, first x factor^(failures - 1)), some less.

    >>> policy = RetryPolicy(first=timedelta(seconds=1), factor=3, cap=timedelta(seconds=20))
    >>> [delay(policy, n, Random(n)) <= timedelta(seconds=s) for n, s in ((1, 1), (2, 3), (3, 9), (4, 20), (999, 20))]
    [True, True, True, True, True]
    """
    cap = policy.cap.total_seconds()
    try:
        bound = min(cap, policy.first.total_seconds() * policy.factor ** (failures - 1))
    except OverflowError:
        bound = cap
    return timedelta(seconds=random.uniform((1 - policy.jitter) * bound, bound))


def retry_at(outcome: Retry, *, failures: int, policy: RetryPolicy, random: Random, now: datetime) -> datetime | None:
    """The moment of the next try after `failures` failures; None when the delivery is dead.

    >>> now, policy = datetime(2026, 1, 1), RetryPolicy(tries=3)
    >>> retry_at(Retry("busy", timedelta(minutes=5)), failures=1, policy=policy, random=Random(1), now=now)
    datetime.datetime(2026, 1, 1, 0, 5)
    >>> retry_at(Retry("busy"), failures=3, policy=policy, random=Random(1), now=now) is None
    True
    """
    if failures >= policy.tries:
        return None
    return now + (delay(policy, failures, random) if outcome.after is None else outcome.after)


def final(outcome: Outcome, retry: datetime | None) -> Delivered | Rejected | Suppressed | None:
    """What the outcome means for good: a Retry that has no next try is a rejection; None while there is one."""
    if isinstance(outcome, Postponed):
        return None
    if isinstance(outcome, Retry):
        return None if retry else Rejected(outcome.reason)
    return outcome
