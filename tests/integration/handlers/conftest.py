"""Real servers for the channels to talk to, and an incident's alerts to send."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import trustme
from aiohttp import web
from aiosmtpd.smtp import SMTP
from postbox import Postbox, serving

from duetmind_adaptive.contracts import Attempt
from duetmind_adaptive.event_data import ColumnEffect, DriftData, WindowData
from duetmind_adaptive.events import DriftDetected, make
from duetmind_adaptive.policy.alerts import alert_from

OPENED = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
LOOPBACK = "127.0.0.1"


@pytest.fixture
def attempt():
    return Attempt(delivery=1, number=1, since=OPENED)


@pytest.fixture
def make_alert():
    """Build an incident's alert; keywords change its data."""

    def build(kind=DriftDetected, *, id="0198c0de-0000-8000-8000-000000000001", **changes):
        data = DriftData(
            model="loans",
            incident="0198c0de-0000-8000-8000-0000000000ff",
            cause="data",
            window=WindowData(first_row=0, last_row=1_000, rows=1_000),
            drift=True,
            severity="high",
            kinds=("data",),
            metric=0.81,
            metric_name="accuracy",
            metric_reference=0.9,
            top=(ColumnEffect(column="age", kind="numeric", effect=0.4),),
            columns=50,
            drifted=1,
            reason="first_drift",
            opened=OPENED,
        )
        alert = alert_from(make(kind, data.model_copy(update=changes), id=id, time=OPENED))
        assert alert is not None
        return alert

    return build


class Receiver:
    """An HTTP server that keeps what it got and answers what `answers` says, 200 after that."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.answers: list[web.Response] = []
        self.pause: asyncio.Event | None = None
        self.port = 0

    def url(self, path: str = "/hook", host: str = LOOPBACK, scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def take(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        if self.pause:
            await self.pause.wait()
        return self.answers.pop(0) if self.answers else web.Response(text="ok")

    @contextlib.asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, LOOPBACK, 0, ssl_context=tls)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            if self.pause:
                self.pause.set()
            await runner.cleanup()


@pytest.fixture
async def receiver():
    async with Receiver().serve() as running:
        yield running


@pytest.fixture
def make_receiver():
    return Receiver


@pytest.fixture(scope="session")
def authority():
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority):
    """A server's TLS context with a certificate for loopback."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def closed_port():
    """A port that nothing listens on."""
    import socket

    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return taken.getsockname()[1]


@pytest.fixture
def postbox():
    return Postbox()


@pytest.fixture
async def starttls_port(postbox, server_tls):
    def conversation():
        return SMTP(
            postbox,
            hostname="mail.test",
            tls_context=server_tls,
            require_starttls=True,
            auth_required=True,
            authenticator=postbox.authenticate,
        )

    async with serving(conversation) as port:
        yield port
