"""Wakes the scheduler: APScheduler as an in-memory timer of one-shot jobs, one per model.

What is due and what became of it are rows (see `rows.py`); a timer that is lost with the process loses
nothing. Hence no job store, no misfire rule, no limit of instances: a fired job only calls back at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from duetmind_adaptive.contracts import Clock
from duetmind_adaptive.service.clock import utc_now, wall_delay

#: a fired job ends at once, so no number of them is too many; APScheduler's default of 1 drops runs silently
UNLIMITED = 1_000_000
#: farthest a job is set: a rehearsal clock slower than time may ask for moments past the calendar
HORIZON = timedelta(days=365)


class ModelTimer:
    """One alarm per model, on the daemon's clock; `start` names whom to call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": UNLIMITED}
        )
        self._fire: Callable[[str], None] | None = None

    def start(self, fire: Callable[[str], None]) -> None:
        """Begin; `fire(model)` is called on the event loop when a model's alarm goes off and must return at once."""
        self._fire = fire
        self._scheduler.start()

    def set(self, model: str, due: datetime) -> None:
        """Set (or move) the model's alarm; one in the past goes off at once."""
        when = utc_now() + min(wall_delay(self._clock, due), HORIZON)
        self._scheduler.add_job(self._ring, DateTrigger(when), args=[model], id=model, replace_existing=True)

    def cancel(self, model: str) -> None:
        """Forget the model's alarm, if there is one."""
        try:
            self._scheduler.remove_job(model)
        except JobLookupError:
            return

    def refresh(self) -> None:
        """Look at the wall clock again: the machine may have slept, or its clock may have been set."""
        self._scheduler.wakeup()

    def stop(self) -> None:
        """Stop; no alarm goes off any more."""
        self._fire = None
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _ring(self, model: str) -> None:
        """A coroutine, because APScheduler runs plain functions in threads."""
        if self._fire is not None:
            self._fire(model)
