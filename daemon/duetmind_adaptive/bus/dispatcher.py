"""One task per subscription: takes what is due, then waits until there is more or the next is due. It never polls.

A handler's failure stays with its dispatcher; a failure of the store is waited out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from duetmind_adaptive.bus.work import STORE_RETRY_SECONDS, Runner
from duetmind_adaptive.contracts import Clock
from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.logger import get_logger

log = get_logger(__name__)


class Dispatcher:
    """Drives the runner of one subscription.

    Parameters
    ----------
    runner
        Does the work.
    clock
        Says when the next delivery is due.
    on_idle
        Called whenever there is nothing to do for now.
    """

    def __init__(self, runner: Runner, clock: Clock, on_idle: Callable[[], None]) -> None:
        self.runner = runner
        self._clock = clock
        self._on_idle = on_idle
        # set at first: what an earlier process left open is due
        self._wake = asyncio.Event()
        self._wake.set()
        self._busy = False
        self._task: asyncio.Task[None] | None = None
        #: when the earliest delivery not yet due will be, as far as is known
        self.next_due: datetime | None = None

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def is_due(self) -> bool:
        """True if a turn could find something to take now."""
        return self._wake.is_set() or (self.next_due is not None and self.next_due <= self._clock.now())

    def is_quiet(self) -> bool:
        """True while nothing is running and nothing is due."""
        return not (self._busy or self.runner.running or self.is_due())

    def start(self) -> None:
        """Work until stopped; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._loop(), name=f"bus:{self.runner.subscription.name}")

    async def settle(self) -> bool:
        """Work through everything that is due, in order, in this task; False if there was nothing."""
        worked = False
        while self.is_due():
            self._wake.clear()
            turn = await self.runner.turn_through()
            self.next_due = turn.next_due
            worked = worked or turn.taken > 0
            if turn.taken:
                self._wake.set()
        return worked

    async def stop(self, grace: float) -> None:
        """Take nothing more; let what runs finish for `grace` seconds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.runner.stop(grace)

    async def _loop(self) -> None:
        while True:
            self._busy = True
            self._wake.clear()
            try:
                turn = await self.runner.turn(self.wake)
            except StoreError:  # the store tells of it; here it is only waited out
                await asyncio.sleep(STORE_RETRY_SECONDS)
                continue
            except Exception:  # whatever else fails, this handler's queue must go on and no other's must stop
                log.exception("bus.dispatch_failed", handler=self.runner.subscription.name)
                await asyncio.sleep(STORE_RETRY_SECONDS)
                continue
            self.next_due = turn.next_due
            if turn.more:
                continue
            self._busy = False
            self._on_idle()
            await self._wait()

    async def _wait(self) -> None:
        """Until woken, or until the next delivery is due."""
        if self.next_due is None:
            await self._wake.wait()
            return
        waits = [
            asyncio.ensure_future(self._wake.wait()),
            asyncio.ensure_future(self._clock.sleep_until(self.next_due)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
