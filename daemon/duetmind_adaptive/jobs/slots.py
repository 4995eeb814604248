"""A bounded number of places, given out in the order they were asked for."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """At most `size` holders at a time; who waits longest is next.

    Unlike asyncio.Semaphore it counts who holds and who waits, and can turn everybody away.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        #: places given out; never above `size`
        self.taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many ask for a place and have none."""
        return sum(not place.done() for place in self._queue)

    async def acquire(self) -> None:
        """Return once a place is yours; `release` gives it back."""
        if self.taken < self.size and not self._queue:
            self.taken += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.release()  # it was granted in the moment of the cancellation
            raise

    def release(self) -> None:
        """Hand a place to the next in line."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.taken -= 1

    def turn_away(self, error: Exception) -> None:
        """Raise `error` in everybody who waits."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_exception(error)
