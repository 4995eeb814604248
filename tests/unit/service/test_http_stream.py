"""Events as they come: nothing is missed across a cut, and no reader holds the daemon up."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from duetmind_adaptive.service.http import sse
from duetmind_adaptive.service.http.auth import Guard
from duetmind_adaptive.service.http.server import HttpServer, make_app
from duetmind_adaptive.service.metrics import Metrics

PATH = "/api/v1/events/stream"


async def messages(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    seq = 0
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line.startswith("id: "):
            seq = int(line[4:])
        elif line.startswith("data: "):
            yield seq, json.loads(line[6:])


async def first(response: aiohttp.ClientResponse, number: int) -> list[int]:
    found: list[int] = []
    async for seq, _ in messages(response):
        found.append(seq)
        if len(found) == number:
            return found
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sse.EventStream.__init__, "__kwdefaults__", {"poll": timedelta(milliseconds=5), "slow": sse.SLOW}
    )


@pytest.mark.usefixtures("quick")
async def test_a_stream_begins_now_and_tells_what_comes(
    api: Any, server: HttpServer, client: aiohttp.ClientSession
) -> None:
    api.publish(3)
    async with client.get(PATH) as response:
        assert response.content_type == "text/event-stream"
        await response.content.readline()
        api.publish(2)
        assert await first(response, 2) == [4, 5]


async def test_a_stream_resumes_after_the_last_event_the_client_saw(api: Any, client: aiohttp.ClientSession) -> None:
    api.publish(250)
    async with client.get(PATH, headers={"Last-Event-ID": "2"}) as response:
        assert await first(response, 248) == list(range(3, 251))


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "²", "9" * 30])
async def test_a_bad_last_event_id_is_a_problem(client: aiohttp.ClientSession, last: str) -> None:
    async with client.get(PATH, headers={"Last-Event-ID": last}) as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"


async def test_a_reader_that_takes_nothing_is_dropped(api: Any) -> None:
    stream = sse.EventStream(api, poll=timedelta(milliseconds=5), slow=timedelta(milliseconds=100))
    app = make_app(api, Guard("t" * 20, "127.0.0.1"), Metrics(), stream)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await reader.readuntil(b"retry: 2000")
    api.publish(200, size=200_000)
    while stream._open:
        await breath()
    api.log.clear()
    writer.close()
    await runner.cleanup()


async def breath() -> None:
    await asyncio.sleep(0.01)


async def test_streams_are_bounded(client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_STREAMS", 1)
    async with client.get(PATH) as one, client.get(PATH) as two:
        assert (one.status, two.status) == (200, 503)
        one.close()


async def test_the_servers_end_ends_its_streams_at_once(api: Any) -> None:
    from duetmind_adaptive.settings.model import HttpSettings

    server = HttpServer(api, HttpSettings(port=0), "t" * 20, Metrics())
    async with aiohttp.ClientSession() as client:
        await server.__aenter__()
        async with client.get(server.url + PATH) as response:
            await response.content.readline()
            await server.__aexit__(None, None, None)
            await response.content.read()


@pytest.mark.usefixtures("quick")
async def test_a_silent_stream_says_that_it_lives(
    api: Any, server: HttpServer, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", timedelta(milliseconds=10))
    async with client.get(PATH) as response:
        while await response.content.readline() != b": still here\n":
            pass
