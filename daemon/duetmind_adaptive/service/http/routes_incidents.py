"""An incident's story, who takes it on, and of which models nobody is to be told."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http import answers, bodies
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint, done, read_body


class IncidentRoutes:
    """`/api/v1/incidents/ID`, `…/acknowledge` and `/api/v1/models/NAME/{silence,unsilence}`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/incidents/{incident}",
                handler=self.story,
                summary="One incident: what happened, who was told, and why not.",
                answer=answers.IncidentStory,
                failures=(404,),
            ),
            Endpoint(
                method="POST",
                path="/api/v1/incidents/{incident}/acknowledge",
                handler=self.acknowledge,
                summary="Take an incident on: it is told again only if it grows worse, and when it is over.",
                answer=answers.IncidentItem,
                body=bodies.AcknowledgeBody,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="POST",
                path="/api/v1/models/{model}/silence",
                handler=self.silence,
                summary="Tell nobody of a model for a while; what is still open then is told then.",
                answer=answers.Silenced,
                body=bodies.SilenceBody,
                failures=(404, 422),
            ),
            Endpoint(
                method="POST",
                path="/api/v1/models/{model}/unsilence",
                handler=self.unsilence,
                summary="Tell people of a model again.",
                answer=answers.Silenced,
                body=bodies.EmptyBody,
                failures=(404, 422),
            ),
        ]

    async def story(self, request: web.Request) -> web.Response:
        """From the store, whole."""
        return web.json_response(await self._api.incident(request.match_info["incident"]))

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Kept when answered."""
        body = await read_body(request, bodies.AcknowledgeBody)
        return done(request, await self._api.acknowledge(request.match_info["incident"], by=body.by, note=body.note))

    async def silence(self, request: web.Request) -> web.Response:
        """Kept when answered."""
        body = await read_body(request, bodies.SilenceBody)
        model, seconds = request.match_info["model"], body.duration.total_seconds()
        return done(request, await self._api.silence(model, seconds=seconds, by=body.by, reason=body.reason))

    async def unsilence(self, request: web.Request) -> web.Response:
        """What waited goes out."""
        await read_body(request, bodies.EmptyBody)
        return done(request, await self._api.unsilence(request.match_info["model"]))
