"""One job: what a person may have done to it."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http import schemas
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint, done, read_body


class JobRoutes:
    """`/api/v1/jobs/ID/cancel`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="POST",
                path="/api/v1/jobs/{job}/cancel",
                handler=self.cancel,
                summary="End a job that waits or runs, with everything that it started.",
                answer=schemas.JobItem,
                body=schemas.EmptyBody,
                failures=(404, 409, 422),
            )
        ]

    async def cancel(self, request: web.Request) -> web.Response:
        """Done, its processes dead, when answered."""
        await read_body(request, schemas.EmptyBody)
        return done(request, await self._api.cancel_job(request.match_info["job"]))
