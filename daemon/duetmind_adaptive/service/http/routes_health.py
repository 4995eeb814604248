"""How the daemon is: for probes, people's tools and Prometheus."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http.answers import Health, Readiness, Status
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint
from duetmind_adaptive.service.metrics import CONTENT_TYPE, Metrics


class HealthRoutes:
    """`/healthz`, `/readyz`, `/status` and `/metrics`."""

    def __init__(self, api: Api, metrics: Metrics) -> None:
        self._api = api
        self._metrics = metrics

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(method="GET", path="/healthz", handler=self.live, summary="Does the process live?", answer=Health),
            Endpoint(
                method="GET",
                path="/readyz",
                handler=self.ready,
                summary="Do store, bus, scheduler and pool serve? 503 with the reasons if not.",
                answer=Readiness,
                failures=(503,),
            ),
            Endpoint(method="GET", path="/status", handler=self.status, summary="Models, bus and jobs.", answer=Status),
            Endpoint(
                method="GET",
                path="/metrics",
                handler=self.metrics,
                summary="Metrics for Prometheus.",
                answer="text/plain",
            ),
        ]

    async def live(self, _request: web.Request) -> web.Response:
        """Answered by the event loop alone."""
        return web.json_response({"status": "ok"})

    async def ready(self, _request: web.Request) -> web.Response:
        """The reasons are plain sentences."""
        reasons = await self._api.ready()
        document = {"ready": not reasons, "reasons": reasons}
        return web.json_response(document, status=503 if reasons else 200)

    async def status(self, _request: web.Request) -> web.Response:
        """The contract's document."""
        return web.json_response(await self._api.status())

    async def metrics(self, _request: web.Request) -> web.Response:
        """What `/status` knows is set first, so that both say the same."""
        self._metrics.show_status(await self._api.status())
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})
