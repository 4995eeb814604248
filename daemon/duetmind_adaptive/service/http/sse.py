"""Events as they come: a stream of server-sent events that goes on where the client was cut off.

Each message's `id` is the event's place in the log, so `Last-Event-ID` misses nothing. A reader that does not
take what was sent is dropped and may come back; it never makes the daemon hold events for it.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint
from duetmind_adaptive.service.http.problems import BadRequestError

log = get_logger(__name__)

#: streams open at once; each costs a small query every `POLL`
MAX_STREAMS = 32
#: events fetched and sent at once
BATCH = 100
#: how often the log is looked at for a stream that has sent everything
POLL = timedelta(milliseconds=500)
#: a reader that takes nothing for so long is dropped
SLOW = timedelta(seconds=10)
#: a silent stream says so this often, to keep proxies and clients from closing it
HEARTBEAT = timedelta(seconds=15)


class EventStream:
    """`/api/v1/events/stream`."""

    def __init__(self, api: Api, *, poll: timedelta = POLL, slow: timedelta = SLOW) -> None:
        self._api = api
        self._poll = poll.total_seconds()
        self._slow = slow.total_seconds()
        self._open = 0
        self._closing = asyncio.Event()

    def endpoints(self) -> list[Endpoint]:
        """The group's only route."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/events/stream",
                handler=self.stream,
                summary="Events as they come, as server-sent events; resumes after Last-Event-ID.",
                answer="text/event-stream",
                failures=(400, 503),
            )
        ]

    def close(self) -> None:
        """End every stream; the daemon drains."""
        self._closing.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send until the client or the daemon goes."""
        after = await self._start(request)
        if self._open >= MAX_STREAMS:
            raise BadRequestError(f"{MAX_STREAMS} streams are open already.", 503)
        self._open += 1
        try:
            return await self._serve(request, after)
        finally:
            self._open -= 1

    async def _start(self, request: web.Request) -> int:
        last = request.headers.get("Last-Event-ID", "")
        if not last:
            return await self._api.last_event()
        if not (last.isascii() and last.isdecimal() and len(last) < 19):
            raise BadRequestError("Last-Event-ID is not one that this stream gave.")
        return int(last)

    async def _serve(self, request: web.Request, after: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            await self._send(response, b"retry: 2000\n\n")
            await self._follow(response, after)
        except TimeoutError:
            log.info("http.slow_reader_dropped", remote=request.remote)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:  # the client went away
            pass
        return response

    async def _follow(self, response: web.StreamResponse, after: int) -> None:
        silence = 0.0
        while not self._closing.is_set():
            batch = await self._api.event_tail(after, BATCH)
            if batch:
                text = "".join(f"id: {event.seq}\ndata: {event.body}\n\n" for event in batch)
                await self._send(response, text.encode())
                after, silence = batch[-1].seq, 0.0
                continue
            if silence >= HEARTBEAT.total_seconds():
                await self._send(response, b": still here\n\n")
                silence = 0.0
            await self._pause()
            silence += self._poll

    async def _send(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(self._slow):
            await response.write(data)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._closing.wait()
        except TimeoutError:
            return
