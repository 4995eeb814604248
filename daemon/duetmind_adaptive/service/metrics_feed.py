"""Feeds the counters from the event log, so that they count what happened and not what somebody remembered to count."""

from __future__ import annotations

import asyncio
from functools import partial

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.contracts import Store
from duetmind_adaptive.service.metrics import Metrics

#: seconds between two looks at the log; a scrape comes every 15 to 60
LOOK = 5.0

#: events read at a time
BATCH = 500


class MetricsFeed:
    """Follows the log from where it stood when the daemon began: counters start at zero with the process."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._seen: int | None = None

    async def follow(self) -> None:
        """Catch up every few seconds, for as long as the daemon lives."""
        while True:
            await self.catch_up()
            await asyncio.sleep(LOOK)

    async def catch_up(self) -> None:
        """Observe every event since the last look."""
        seen = self._seen if self._seen is not None else await self._store.read(event_log.last_seq)
        while batch := await self._store.read(partial(event_log.after, seq=seen, limit=BATCH)):
            for logged in batch:
                self._metrics.observe(logged.event)
            seen = batch[-1].seq
        self._seen = seen
