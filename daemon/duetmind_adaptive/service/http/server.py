"""The HTTP server: puts routes, guard and problem documents together, and listens.

It asks everything of one `Api` and holds no state but open connections, so it may come and go with the
daemon's life-cycle; every stop is bounded.
"""

from __future__ import annotations

import errno
import logging
import os
from types import TracebackType

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from duetmind_adaptive.errors import DuetMindError
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.artifact import ArtifactResponse
from duetmind_adaptive.service.http.auditing import audited
from duetmind_adaptive.service.http.auth import Guard
from duetmind_adaptive.service.http.endpoints import Endpoint
from duetmind_adaptive.service.http.openapi import openapi_document
from duetmind_adaptive.service.http.pages import StatusPage
from duetmind_adaptive.service.http.problems import Handler, problems_middleware
from duetmind_adaptive.service.http.routes_health import HealthRoutes
from duetmind_adaptive.service.http.routes_incidents import IncidentRoutes
from duetmind_adaptive.service.http.routes_jobs import JobRoutes
from duetmind_adaptive.service.http.routes_lists import ListRoutes
from duetmind_adaptive.service.http.routes_models import ModelRoutes
from duetmind_adaptive.service.http.routes_pause import PauseRoutes
from duetmind_adaptive.service.http.routes_reviews import ReviewRoutes
from duetmind_adaptive.service.http.routes_workflows import WorkflowRoutes
from duetmind_adaptive.service.http.sse import EventStream
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.settings.model import HttpSettings

log = get_logger(__name__)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure aiohttp logs is the server's: a client's malformed request was answered, that is enough."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | ConnectionError))


_server_log = logging.getLogger("duetmind_adaptive.http")
_server_log.addFilter(_is_ours)

#: bytes; observations (issue G) will have a limit of their own
MAX_BODY = 1024 * 1024
#: seconds that requests under way get when the daemon stops; streams are ended at once
STOP_GRACE = 3.0
#: seconds an idle connection is kept
KEEP_ALIVE = 30.0

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ApiDocument:
    """`/api/v1/openapi.json`, made on first use."""

    def __init__(self, api: Api, others: list[Endpoint]) -> None:
        self._api = api
        self._endpoints = [*others, *self.endpoints()]
        self._version = ""

    def endpoints(self) -> list[Endpoint]:
        """The group's only route."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/openapi.json",
                handler=self.document,
                summary="This document.",
                answer="application/json",
            )
        ]

    async def document(self, _request: web.Request) -> web.Response:
        """The version is the daemon's."""
        status = await self._api.status()
        return web.json_response(openapi_document(self._endpoints, str(status["version"])))


def make_app(api: Api, guard: Guard, metrics: Metrics, stream: EventStream | None = None) -> web.Application:
    """The application, for the server and for tests."""
    stream = stream or EventStream(api)
    groups = (
        StatusPage(api),
        HealthRoutes(api, metrics),
        ListRoutes(api),
        ModelRoutes(api),
        JobRoutes(api),
        WorkflowRoutes(api.workflows),
        IncidentRoutes(api),
        PauseRoutes(api),
        ReviewRoutes(api),
        stream,
    )
    endpoints = [endpoint for group in groups for endpoint in group.endpoints()]
    endpoints += ApiDocument(api, endpoints).endpoints()

    @web.middleware
    async def guard_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return guard.refusal(request) or await handler(request)

    app = web.Application(middlewares=[problems_middleware, guard_middleware, audited(api)], client_max_size=MAX_BODY)
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, endpoint.path, endpoint.handler)
        if endpoint.method == "GET" and endpoint.answer != "text/event-stream":
            app.router.add_route("HEAD", endpoint.path, endpoint.handler)
    app.on_response_prepare.append(_finish_headers)

    async def end_streams(_app: web.Application) -> None:
        stream.close()

    app.on_shutdown.append(end_streams)
    return app


async def _finish_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if isinstance(response, ArtifactResponse) and response.status < 400:
        response.headers["ETag"] = response.tag


class HttpServer:
    """Listens from `async with` to its end.

    Parameters
    ----------
    api
        The daemon behind the door.
    settings
        Where to listen; port 0 takes a free one.
    token
        The bearer token, from `auth.ensure_token`.

    Raises
    ------
    DuetMindError
        On entry, if the address cannot be listened on.
    """

    def __init__(self, api: Api, settings: HttpSettings, token: str, metrics: Metrics) -> None:
        self._settings = settings
        app = make_app(api, Guard(token, settings.host), metrics)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_server_log,
            handle_signals=False,
            shutdown_timeout=STOP_GRACE,
            keepalive_timeout=KEEP_ALIVE,
            auto_decompress=False,
        )
        self.port = settings.port

    @property
    def url(self) -> str:
        """Where the daemon answers; an IPv6 address is in brackets, an address for all interfaces is loopback."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)  # noqa: S104 - shown
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def __aenter__(self) -> HttpServer:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise DuetMindError(self._refused(error)) from error
        self.port = site.port
        log.info("http.listening", url=self.url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def _refused(self, error: OSError) -> str:
        where = f"{self._settings.host}:{self._settings.port}"
        if error.errno == errno.EADDRINUSE:
            return f"{where} is already in use; stop the program that listens there or change http.port"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        return f"cannot listen on {where} ({reason}); change http.host or http.port"
