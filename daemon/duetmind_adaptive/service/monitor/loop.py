"""An event loop in a thread of its own, so that a monitor works alike in scripts, coroutines and notebooks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from duetmind_adaptive.errors import StoreError

T = TypeVar("T")


class PrivateLoop:
    """Runs coroutines for callers of other threads, and of other loops.

    Examples
    --------
    >>> loop = PrivateLoop()
    >>> loop.run(asyncio.sleep(0, "done"))
    'done'
    >>> loop.stop()
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # a daemon: the process may end without a word, because what was answered for is in the store
        self._thread = threading.Thread(target=self._loop.run_forever, name="duetmind-monitor", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the result; in whatever thread, also where another loop runs."""
        return self._submit(work).result()

    async def arun(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the result without blocking the caller's loop."""
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop.is_closed():
            work.close()
            raise StoreError("the monitor is closed; make another on the same folder to go on")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """End the loop and its thread; a second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
