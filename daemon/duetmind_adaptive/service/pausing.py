"""The pause: what it stops, and how it is begun and ended.

While it holds, the policy decides and says `paused` instead of asking for retrains, deliveries to response actions
wait in their order, and retrains neither begin nor go on: one that runs goes back to the queue. Checks, alerts,
workflows and what a person does by hand (rollback, promote) go on.
"""

from __future__ import annotations

from collections.abc import Collection

from duetmind_adaptive.contracts import Clock, Store
from duetmind_adaptive.jobs.runner import JobRunner
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.store.pauses import Pause, begin_pause, end_pause, load_pause

log = get_logger(__name__)


class Pausing:
    """Knows whether acting is paused; `active` is asked often, so it is held in memory.

    Parameters
    ----------
    kinds
        Of jobs that are responses.
    """

    def __init__(self, store: Store, clock: Clock, runner: JobRunner, kinds: Collection[str]) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner
        self._kinds = kinds
        self.current: Pause | None = None

    def active(self) -> bool:
        """Whether nothing is to be done about drift."""
        return self.current is not None

    async def take_up(self) -> None:
        """At start: a pause outlives the process that was told of it."""
        pause = await self._store.read(load_pause)
        if pause is not None:
            await self._hold(pause)

    async def begin(self, reason: str) -> Pause:
        """Stop acting; what runs is back in the queue, its processes dead, when this returns."""
        asked = Pause(since=self._clock.now(), reason=reason)
        pause = await self._store.write(lambda tx: begin_pause(tx, asked))
        await self._hold(pause)
        return pause

    async def end(self) -> bool:
        """Act again; False if nothing was paused."""
        ended = await self._store.write(end_pause)
        self.current = None
        await self._runner.hold(())
        if ended:
            log.warning("responses.resumed")
        return ended

    async def _hold(self, pause: Pause) -> None:
        self.current = pause
        log.warning("responses.paused", since=pause.since.isoformat(), reason=pause.reason)
        await self._runner.hold(self._kinds)
