"""A dead man's switch hears from the daemon while it is well, and only then."""

import asyncio

import structlog
from aiohttp import web

from duetmind_adaptive.service.heartbeat import beat


async def listening(answer):
    """A server that counts what it hears; its address, and the list that it fills."""
    heard = []

    async def hear(request):
        heard.append(request.path)
        return web.Response(status=answer())

    app = web.Application()
    app.router.add_get("/{secret}", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    return runner, f"http://127.0.0.1:{port}/canary", heard


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)


async def test_it_beats_while_the_daemon_progresses_and_not_while_it_stands_still():
    runner, url, heard = await listening(lambda: 200)
    alive = [True]
    task = asyncio.create_task(beat(url, 0.02, lambda: alive[0]))
    await until(lambda: len(heard) >= 3)
    alive[0] = False
    await asyncio.sleep(0.05)
    silent = len(heard)
    await asyncio.sleep(0.2)
    assert len(heard) == silent
    alive[0] = True
    await until(lambda: len(heard) > silent)
    task.cancel()
    await runner.cleanup()


async def test_a_ping_that_fails_is_one_warning_that_does_not_tell_the_address_and_it_goes_on():
    status = [500]
    runner, url, heard = await listening(lambda: status[0])
    with structlog.testing.capture_logs() as log:
        task = asyncio.create_task(beat(url, 0.01, lambda: True))
        await until(lambda: len(heard) >= 5)
        await runner.cleanup()  # and now nobody answers at all
        await asyncio.sleep(0.1)
        assert not task.done()
        task.cancel()
    warnings = [line for line in log if line["event"] == "heartbeat.failed"]
    assert len(warnings) == 1
    assert "canary" not in str(warnings)
    assert "500" in warnings[0]["reason"]
