"""A question to a person: the answer."""

from __future__ import annotations

from aiohttp import web

from duetmind_adaptive.service.http import answers, bodies
from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.service.http.endpoints import Endpoint, done, read_body

#: what may be said, and whether it is a yes
ANSWERS = {"approve": True, "reject": False}


class ReviewRoutes:
    """`/api/v1/reviews/ID/{approve,reject}`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="POST",
                path=f"/api/v1/reviews/{{review}}/{word}",
                handler=self.answer,
                summary=f"{word.capitalize()} what a review asks for; the first answer counts.",
                answer=answers.ReviewItem,
                body=bodies.AnswerBody,
                failures=(404, 409, 422),
            )
            for word in ANSWERS
        ]

    async def answer(self, request: web.Request) -> web.Response:
        """Kept, and told of as an event, when answered."""
        body = await read_body(request, bodies.AnswerBody)
        approve = ANSWERS[request.path.rpartition("/")[2]]
        said = self._api.answer_review(request.match_info["review"], approve=approve, by=body.by, reason=body.reason)
        return done(request, await said)
