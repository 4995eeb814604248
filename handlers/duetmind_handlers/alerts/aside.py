"""A blocking call in a thread of its own, waited for as long as one likes.

Not the loop's pool of threads: its threads are joined when the program ends, so that one call that hangs would keep the
daemon from stopping.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


def call_aside(function: Callable[[], T], *, name: str) -> tuple[threading.Thread, Callable[[timedelta], Awaitable[T]]]:
    """Start `function` in a thread called `name`.

    Returns
    -------
    The thread, and how to wait for what the function gives or raises: at most so long, then TimeoutError. The thread
    goes on meanwhile, and ends with the program at the latest.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():  # nobody waits any longer
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # pyright: ignore[reportArgumentType] - no error: there is a result

    def run() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - whoever waits raises it
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    async def answer(patience: timedelta) -> T:
        async with asyncio.timeout(patience.total_seconds()):
            return await done

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread, answer
