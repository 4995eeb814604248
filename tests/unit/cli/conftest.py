"""Runs commands in this process, and a small daemon of aiohttp for them to talk to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from duetmind_adaptive.cli.app import run

EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/duetmind/models/loans",
    "type": "duetmind.drift.detected",
    "time": "2026-01-31T12:00:00Z",
    "data": {"model": "loans", "severity": "high", "reason": "first", "message": "grew\x1b[31m\nworse"},
}


OUTLOOK = {"predicted": ["At this rate the accuracy falls below 0.82 between 3 and 9 December."], "unusual": []}

LISTS = {
    "events": {"items": [EVENT], "next": None},
    "models": {
        "items": [{"name": "loans", "task": "binary", "champion": 3, "metric": "accuracy", **OUTLOOK}],
        "next": None,
    },
    "incidents": {"items": [{"id": "i1", "model": "lo\x1b[2Jans", "severity": "high"}], "next": "c2"},
    "jobs": {"items": [], "next": None},
}


@dataclass
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one document it must be."""
        return json.loads(self.out)


@pytest.fixture
def duetmind(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run `duetmind` with these arguments; no variable of the machine reaches it."""
    for name in ("DUETMIND_URL", "DUETMIND_CONFIG", "DUETMIND_TOKEN", "DUETMIND_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def duetmind_run(*arguments: object) -> Outcome:
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return duetmind_run


@pytest.fixture
def fails(duetmind: Callable[..., Outcome]) -> Callable[..., str]:
    """Run a command that must fail: status 2 and one plain line, which is returned."""

    def duetmind_fails(*arguments: object) -> str:
        outcome = duetmind(*arguments)
        assert outcome.status == 2
        assert outcome.err.startswith("duetmind: ")
        assert outcome.err.count("\n") == 1
        return outcome.err.removeprefix("duetmind: ").rstrip("\n")

    return duetmind_fails


CANCELLED = {"id": "j1", "kind": "retrain", "model": "loans", "state": "cancelled"}


@dataclass
class FakeDaemon:
    """A daemon that answers by the contract and remembers what it was asked."""

    url: str = ""
    token: str = "right-token"
    requests: list[tuple[str, str, str | None, Any]] = field(default_factory=list)
    champion: int = 3

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        authorization = request.headers.get("Authorization")
        self.requests.append((request.method, request.path_qs, authorization, body))
        if request.method == "POST" and authorization != f"Bearer {self.token}":
            return problem(401, "a token is needed")
        match request.path.removeprefix("/api/v1/").split("/"):
            case ["events", "stream"]:
                return await self.stream(request)
            case ["jobs", job, "log"]:
                return self.log(job, int(request.query["offset"]))
            case ["models", "loans", act]:
                return self.act(act, body)
            case ["", "readyz"]:
                return web.json_response({"ready": False, "reasons": ["the store is not open"]}, status=503)
            case [*parts]:
                documents = {"": self.status(), "jobs/j1/cancel": CANCELLED, **LISTS, **pauses(body or {})}
                document = documents.get("/".join(parts) if parts[0] else "")
                return web.json_response(document) if document else problem(404, f"there is no model {parts[1]!r}")

    def status(self) -> dict[str, Any]:
        loans = {"champion": 3, "last_check": "2026-01-31T12:00:00Z", "next_check": None, "drift": True, **OUTLOOK}
        return {
            "version": "0.1.0",
            "uptime_seconds": 90.4,
            "models": {"loans": loans | {"severity": "high", "open_incident": "i1"}},
            "bus": {"pending": 2, "dead": 1},
            "jobs": {"running": 1, "queued": 0},
        }

    def act(self, act: str, body: dict[str, Any]) -> web.Response:
        if act == "retrain":
            return web.json_response({"request": "r1", "model": "loans"}, status=202)
        if act == "threshold":
            return web.json_response({"model": "loans", "before": 0.02, "after": body["drift_threshold"] or 0.02})
        version = body.get("to") or body.get("version") or 2
        if version == 9:
            return problem(409, "loans has no version 9;\nit has 1 to 3")
        answer = {"model": "loans", "version": version, "previous": self.champion, "reason": "person"}
        return web.json_response(answer)

    def log(self, job: str, offset: int) -> web.Response:
        """Of j1 two lines, the second one once the first was read: then the job has ended. Of others nothing."""
        if job != "j1":
            return web.json_response({"job": job, "state": "succeeded", "text": "", "next": 0})
        whole = "fold 1\n\x1b[31mfold 2\n"
        text = whole[offset:7] or whole[offset:]
        state = "running" if offset == 0 else "succeeded"
        return web.json_response({"job": "j1", "state": state, "text": text, "next": offset + len(text)})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in (": hello\n\n", f"id: e1\nevent: x\ndata: {json.dumps(EVENT)}\n\n", "data: {}\n\n"):
            await response.write(chunk.encode())
        return response


def pauses(body: dict[str, Any]) -> dict[str, Any]:
    """What a daemon answers that is told to pause, or to resume."""
    paused = {"since": "2026-01-31T12:00:00+00:00", "reason": body.get("reason", "")}
    return {"pause": {"paused": paused}, "resume": {"paused": None}}


def problem(status: int, detail: str) -> web.Response:
    return web.json_response({"title": "No", "detail": detail}, status=status, content_type="application/problem+json")


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """A listening daemon; its loop runs in a thread of its own."""
    fake, loop, runner = FakeDaemon(), asyncio.new_event_loop(), None

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", fake.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield fake
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def config(tmp_path: Path, daemon: FakeDaemon) -> Path:
    """A config whose daemon is the fake one, its token in the state folder."""
    path = tmp_path / "duetmind.yaml"
    path.write_text(f"http: {{port: {daemon.url.rpartition(':')[2]}}}\n")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "http-token").write_text(f"{daemon.token}\n")
    return path
