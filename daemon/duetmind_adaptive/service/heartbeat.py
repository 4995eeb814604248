"""A dead man's switch: an address outside hears from the daemon while it is well, and raises the alarm when not.

Source: https://healthchecks.io/docs/http_api (any 2xx; a missed ping is the alarm)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.redaction import redact

log = get_logger(__name__)

#: one ping may take so long, seconds
TIMEOUT = 20


async def beat(url: str, every: float, alive: Callable[[], bool]) -> None:
    """Fetch `url` every so many seconds for as long as `alive()` says that the daemon progresses.

    A ping that fails is a warning, once until one succeeds: whoever listens notices by itself.
    """
    failing = False
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        while True:
            if alive():
                problem = await _ping(session, url)
                if problem and not failing:
                    log.warning("heartbeat.failed", reason=redact(problem))
                failing = bool(problem)
            await asyncio.sleep(every)


async def _ping(session: aiohttp.ClientSession, url: str) -> str:
    """Empty when it was heard."""
    try:
        async with session.get(url, allow_redirects=False) as answer:
            return "" if answer.ok else f"the receiver answered {answer.status}"
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return f"{type(error).__name__}: the receiver did not answer"
