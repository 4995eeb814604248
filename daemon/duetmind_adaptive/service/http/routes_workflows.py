"""Workflows: their runs, and what a person may have done about them."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http import answers, bodies
from duetmind_adaptive.service.http.api import Workflows
from duetmind_adaptive.service.http.endpoints import CURSOR, LIMIT, Endpoint, Query, done, paging, read_body
from duetmind_adaptive.service.http.routes_lists import page_answer

PATH = "/api/v1/workflows"
WORKFLOW = Query(name="workflow", description="Only runs of this workflow.")


class WorkflowRoutes:
    """`/api/v1/workflows`, `/api/v1/workflows/ID` and `/api/v1/workflows/ID/cancel`."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="GET",
                path=PATH,
                handler=self.page,
                summary="The runs of workflows, newest first.",
                answer=answers.Runs,
                query=(LIMIT, CURSOR, WORKFLOW),
                failures=(400,),
            ),
            Endpoint(
                method="POST",
                path=PATH,
                handler=self.begin,
                summary="Run a workflow of the config now.",
                answer=answers.RunDetail,
                body=bodies.BeginBody,
                status=202,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="GET",
                path=f"{PATH}/{{run}}",
                handler=self.run,
                summary="One run, with its tasks.",
                answer=answers.RunDetail,
                failures=(404,),
            ),
            Endpoint(
                method="POST",
                path=f"{PATH}/{{run}}/cancel",
                handler=self.cancel,
                summary="End a run and what it runs, with everything that it started.",
                answer=answers.RunDetail,
                body=bodies.EmptyBody,
                failures=(404, 409, 422),
            ),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Of all workflows or one."""
        return page_answer(await self._workflows.page(*paging(request), request.query.get("workflow") or None))

    async def run(self, request: web.Request) -> web.Response:
        """By its id."""
        return web.json_response(await self._workflows.run(request.match_info["run"]))

    async def begin(self, request: web.Request) -> web.Response:
        """Begun when answered; what comes of it is in the run."""
        body = await read_body(request, bodies.BeginBody)
        return done(request, await self._workflows.begin(body.workflow), 202)

    async def cancel(self, request: web.Request) -> web.Response:
        """Done, its processes dead, when answered."""
        await read_body(request, bodies.EmptyBody)
        return done(request, await self._workflows.cancel(request.match_info["run"]))
