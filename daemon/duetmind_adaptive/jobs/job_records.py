"""What is written of a job when it begins, ends or is lost: its row, its event and what its kind makes of it.

Each method is part of one transaction that its caller owns, so that all of it is there or nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from duetmind_adaptive.contracts import Bus, Clock, Transaction
from duetmind_adaptive.event_data import JobData
from duetmind_adaptive.events import Envelope, JobCancelled, JobFailed, JobStarted, JobSucceeded, derive_id, make
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.kinds import JobKind
from duetmind_adaptive.jobs.queue import Job, JobState

#: wait after the first lost attempt; six times as long after the next
FIRST_WAIT = timedelta(seconds=10)

#: the state that each event tells of
STATES: Mapping[type[Envelope[Any]], JobState] = {
    JobStarted: "running",
    JobSucceeded: "succeeded",
    JobFailed: "failed",
    JobCancelled: "cancelled",
}


class JobRecords:
    """Writes what becomes of jobs.

    Parameters
    ----------
    kinds
        What to do for each kind of job.
    owner
        Names this process in claimed rows.
    """

    def __init__(self, bus: Bus, clock: Clock, kinds: Mapping[str, JobKind], owner: str) -> None:
        self._bus = bus
        self._clock = clock
        self._kinds = kinds
        self._owner = owner

    def claim(self, tx: Transaction, free: int, kinds: Collection[str]) -> tuple[Job, ...]:
        """Take what is due of these kinds, `free` jobs at most, and say that they have begun."""
        now = self._clock.now()
        jobs = queue.claim(tx, owner=self._owner, now=now, limit=free, kinds=kinds)
        for job in jobs:
            self._publish(tx, JobStarted, job)
            self._kinds[job.kind].started(tx, job)
        return jobs

    def success(self, tx: Transaction, job: Job, result: Any) -> bool:
        """Keep what a job gave; False if it is not this process's any more."""
        if not queue.finish(tx, job, state="succeeded", now=self._clock.now()):
            return False
        self._publish(tx, JobSucceeded, job)
        self._kinds[job.kind].complete(tx, job, result)
        failpoint("jobs.complete_written")
        return True

    def loss(self, tx: Transaction, job: Job, reason: str, most: int) -> bool:
        """An attempt that is not the task's fault: try again later, or fail after `most` of them."""
        if job.lost + 1 >= most:
            return self.failure(tx, job, f"{reason} It was attempt {job.lost + 1}, the last.")
        return queue.retry_later(tx, job, not_before=self._clock.now() + wait_after(job.lost), error=reason)

    def failure(self, tx: Transaction, job: Job, reason: str) -> bool:
        """A job that failed for good; False if it is not this process's any more."""
        if not queue.finish(tx, job, state="failed", now=self._clock.now(), error=reason):
            return False
        self._publish(tx, JobFailed, job, reason)
        self._kinds[job.kind].abandon(tx, job, reason)
        return True

    def cancel(self, tx: Transaction, id: str) -> bool:
        """End an open job, whoever has it; False if there is none."""
        job = queue.cancel(tx, id, now=self._clock.now())
        if job is None:
            return False
        self._publish(tx, JobCancelled, job)
        if kind := self._kinds.get(job.kind):
            kind.abandon(tx, job, "it was cancelled")
        return True

    def _publish(self, tx: Transaction, kind: type[Envelope[Any]], job: Job, message: str = "") -> None:
        state = STATES[kind]
        data = JobData(model=job.model, job=job.id, kind=job.kind, state=state, attempt=job.attempt, message=message)
        event = make(kind, data, id=derive_id(job.id, state, job.attempt), time=self._clock.now())
        self._bus.publish_in(tx, event)


def wait_after(lost: int) -> timedelta:
    """How long a job waits that had lost `lost` attempts before this one.

    >>> [wait_after(lost).total_seconds() for lost in range(2)]
    [10.0, 60.0]
    """
    return FIRST_WAIT * 6**lost
