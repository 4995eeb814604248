"""One job: what it printed, and what a person may have done to it."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http import answers, bodies
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint, Query, done, read_body
from duetmind_adaptive.service.http.problems import BadRequestError

OFFSET = Query(name="offset", description="Bytes to leave out; the `next` of an earlier answer.", type="integer")


class JobRoutes:
    """`/api/v1/jobs/ID/{log,cancel}`."""

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
                answer=answers.JobItem,
                body=bodies.EmptyBody,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="GET",
                path="/api/v1/jobs/{job}/log",
                handler=self.log,
                summary="What a job printed, from an offset on.",
                answer=answers.JobLog,
                query=(OFFSET,),
                failures=(400, 404),
            ),
        ]

    async def log(self, request: web.Request) -> web.Response:
        """As much as there is, within bounds; `next` says where to go on."""
        text = request.query.get("offset", "0")
        if not (text.isascii() and text.isdecimal() and len(text) < 16):
            raise BadRequestError("offset must be a whole number of bytes, from 0 on.")
        return web.json_response(await self._api.job_log(request.match_info["job"], int(text)))

    async def cancel(self, request: web.Request) -> web.Response:
        """Done, its processes dead, when answered."""
        await read_body(request, bodies.EmptyBody)
        return done(request, await self._api.cancel_job(request.match_info["job"]))
