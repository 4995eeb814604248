"""The lists: `{"items": [...], "next": cursor or null}`, newest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic import BaseModel

from duetmind_adaptive.service.http import answers
from duetmind_adaptive.service.http.api import Api, Page
from duetmind_adaptive.service.http.endpoints import CURSOR, LIMIT, MODEL, Endpoint, paging

#: an Api's method that gives a page of what concerns all models or one
Lister = Callable[[int, str | None, str | None], Awaitable[Page]]


class ListRoutes:
    """`/api/v1/{models,checks,events,incidents,jobs,reviews,audit,outcomes}`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/models",
                handler=self.models,
                summary="The configured models.",
                answer=answers.Models,
                query=(LIMIT, CURSOR),
                failures=(400,),
            ),
            _listing("checks", self._api.checks, answers.Checks),
            _listing("events", self._api.events, answers.Events),
            _listing("incidents", self._api.incidents, answers.Incidents),
            _listing("jobs", self._api.jobs, answers.Jobs),
            _listing("reviews", self._api.reviews, answers.Reviews),
            _listing("audit", self._api.audit, answers.Audit),
            _listing("outcomes", self._api.outcomes, answers.Outcomes),
        ]

    async def models(self, request: web.Request) -> web.Response:
        """Not filtered by model."""
        return page_answer(await self._api.models(*paging(request)))


def _listing(name: str, lister: Lister, answer: type[BaseModel]) -> Endpoint:
    async def handler(request: web.Request) -> web.Response:
        return page_answer(await lister(*paging(request), request.query.get("model") or None))

    return Endpoint(
        method="GET",
        path=f"/api/v1/{name}",
        handler=handler,
        summary=f"The {name}, newest first.",
        answer=answer,
        query=(LIMIT, CURSOR, MODEL),
        failures=(400,),
    )


def page_answer(page: Page) -> web.Response:
    """The list as a client reads it."""
    return web.json_response({"items": list(page.items), "next": page.next})
