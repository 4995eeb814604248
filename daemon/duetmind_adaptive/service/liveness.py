"""Whether the daemon is well: what `/readyz` answers, when systemd's watchdog is patted, how late the loop runs."""

from __future__ import annotations

import asyncio
import time

from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.store.database import Database

log = get_logger(__name__)

#: seconds between two looks
LOOK = 5.0

#: a store or scheduler that showed no progress for so long, in seconds, is stuck; below systemd's WatchdogSec
STUCK_AFTER = 20.0


class Liveness:
    """Watches the parts that everything else needs."""

    def __init__(self, store: Database, scheduler: Scheduler, pool: ProcessPool, metrics: Metrics) -> None:
        self._store = store
        self._scheduler = scheduler
        self._pool = pool
        self._metrics = metrics
        self._written_at = time.monotonic()
        self.started = False
        self.draining = False

    def problems(self) -> list[str]:
        """Why the daemon is not ready, in plain sentences; none means ready."""
        found = [
            "the daemon is starting" if not self.started else None,
            "the daemon is draining" if self.draining else None,
            self._store.degraded,
            "the store does not answer" if self._age(self._written_at) > STUCK_AFTER else None,
            "the scheduler makes no progress" if self._age(self._scheduler.progressed_at) > STUCK_AFTER else None,
            self._pool.problem,
        ]
        return [problem for problem in found if problem]

    def alive(self) -> bool:
        """Whether store writer and scheduler progressed lately; a full disk is not a reason to be restarted."""
        return max(self._age(self._written_at), self._age(self._scheduler.progressed_at)) <= STUCK_AFTER

    async def watch(self) -> None:
        """Look every few seconds, for as long as the daemon lives."""
        while True:
            due = time.monotonic() + LOOK
            await asyncio.sleep(LOOK)
            self._metrics.loop_lag(max(0.0, time.monotonic() - due))
            await self._try_the_store()

    async def _try_the_store(self) -> None:
        try:
            await asyncio.wait_for(self._store.write(lambda _tx: None), STUCK_AFTER)
        except (StoreError, TimeoutError) as error:
            log.error("store.not_writing", error=str(error) or "no answer")
            if isinstance(error, TimeoutError):
                return
        self._written_at = time.monotonic()

    @staticmethod
    def _age(moment: float) -> float:
        return time.monotonic() - moment
