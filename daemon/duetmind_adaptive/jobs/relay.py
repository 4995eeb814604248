"""What a task on another machine prints, on its way: held until it is fetched, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

#: lines that are held; a task that prints more waits until they are fetched
MOST_LINES = 5_000


class Relay:
    """A `Sink` on one end, `fetch` on the other; both on one event loop."""

    def __init__(self) -> None:
        self._lines = list[str]()
        self._changed = asyncio.Condition()
        self._closed = False

    async def write(self, lines: Sequence[str]) -> None:
        """Hold more lines."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._lines) < MOST_LINES)
            self._lines.extend(lines)
            self._changed.notify_all()

    async def close(self) -> None:
        """There is no more."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def fetch(self) -> list[str] | None:
        """The lines since the last time, once there are any; None once there is no more."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._lines) or self._closed)
            lines, self._lines = self._lines, []
            self._changed.notify_all()
            return lines or None
