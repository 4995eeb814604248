"""Stopping all acting, and acting again."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http import answers, bodies
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint, done, read_body


class PauseRoutes:
    """`/api/v1/pause` and `/api/v1/resume`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="POST",
                path="/api/v1/pause",
                handler=self.pause,
                summary="Do nothing about drift until resumed; retrains under way go back to the queue.",
                answer=answers.Paused,
                body=bodies.PauseBody,
                failures=(422,),
            ),
            Endpoint(
                method="POST",
                path="/api/v1/resume",
                handler=self.resume,
                summary="Act again, on what waited too.",
                answer=answers.Paused,
                body=bodies.EmptyBody,
                failures=(422,),
            ),
        ]

    async def pause(self, request: web.Request) -> web.Response:
        """Done when answered."""
        body = await read_body(request, bodies.PauseBody)
        return done(request, await self._api.pause(body.reason))

    async def resume(self, request: web.Request) -> web.Response:
        """Done when answered."""
        await read_body(request, bodies.EmptyBody)
        return done(request, await self._api.resume())
