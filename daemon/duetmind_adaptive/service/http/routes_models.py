"""One model: what serves, its file, and what a person may have done to it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime

from aiohttp import hdrs, web

from duetmind_adaptive.service.http import answers, bodies
from duetmind_adaptive.service.http.api import Api, NotFoundError
from duetmind_adaptive.service.http.artifact import ArtifactResponse, not_modified
from duetmind_adaptive.service.http.endpoints import Endpoint, Query, done, read_body
from duetmind_adaptive.service.http.problems import BadRequestError

MODEL_PATH = "/api/v1/models/{model}"
#: which moment is asked about
AT = Query(name="at", description="A moment such as 2026-03-01T12:00:00Z; default: now.")


class ModelRoutes:
    """`/api/v1/models/NAME/{champion,champion/artifact,check,retrain,rollback,promote,threshold,versions}`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's routes."""
        return [
            Endpoint(
                method="GET",
                path=f"{MODEL_PATH}/champion",
                handler=self.champion,
                summary="The serving version, or the one that served; 304 while its ETag is the same.",
                answer=answers.Champion,
                query=(AT,),
                failures=(400, 404),
            ),
            Endpoint(
                method="GET",
                path=f"{MODEL_PATH}/champion/artifact",
                handler=self.artifact,
                summary="The serving version's file, whole or in ranges; its ETag is its sha256.",
                answer="application/octet-stream",
                failures=(404, 416),
            ),
            Endpoint(
                method="POST",
                path=f"{MODEL_PATH}/check",
                handler=self.check,
                summary="Check now.",
                answer=answers.Requested,
                body=bodies.EmptyBody,
                status=202,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="POST",
                path=f"{MODEL_PATH}/retrain",
                handler=self.retrain,
                summary="Retrain now, outside the daily budget.",
                answer=answers.Requested,
                body=bodies.EmptyBody,
                status=202,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="POST",
                path=f"{MODEL_PATH}/rollback",
                handler=self.rollback,
                summary="Make the previous, or the named, version serve.",
                answer=answers.Switched,
                body=bodies.RollbackBody,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="POST",
                path=f"{MODEL_PATH}/promote",
                handler=self.promote,
                summary="Make a version serve, whatever its trial said.",
                answer=answers.Switched,
                body=bodies.PromoteBody,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="POST",
                path=f"{MODEL_PATH}/threshold",
                handler=self.threshold,
                summary="Set the smallest effect that counts as drift, or take back what was learned.",
                answer=answers.Threshold,
                body=bodies.ThresholdBody,
                failures=(404, 409, 422),
            ),
            Endpoint(
                method="POST",
                path=f"{MODEL_PATH}/versions",
                handler=self.versions,
                summary="What a trainer of the model's own made of a request.",
                answer=answers.Requested,
                body=bodies.MadeBody,
                status=202,
                failures=(404, 409, 422),
            ),
        ]

    async def champion(self, request: web.Request) -> web.Response:
        """Described as JSON, with an ETag of the description."""
        when = _moment(request.query.get("at"))
        name = _model(request)
        described = self._api.champion(name) if when is None else self._api.champion_at(name, when)
        text = json.dumps(await described)
        tag = hashlib.sha256(text.encode()).hexdigest()
        if not_modified(request, tag):
            return web.Response(status=304, headers={hdrs.ETAG: f'"{tag}"'})
        return web.Response(text=text, content_type="application/json", headers={hdrs.ETAG: f'"{tag}"'})

    async def artifact(self, request: web.Request) -> web.StreamResponse:
        """The file of one version; a promotion meanwhile does not mix two."""
        artifact = await self._api.champion_artifact(_model(request))
        if not_modified(request, artifact.sha256):
            return web.Response(status=304, headers={hdrs.ETAG: f'"{artifact.sha256}"'})
        if not await asyncio.to_thread(artifact.path.is_file):
            raise NotFoundError("The champion's file is not where it was put.")
        return ArtifactResponse(artifact)

    async def check(self, request: web.Request) -> web.Response:
        """Accepted; the check's event tells what it found."""
        await read_body(request, bodies.EmptyBody)
        return done(request, await self._api.request_check(_model(request)), 202)

    async def retrain(self, request: web.Request) -> web.Response:
        """Accepted; events tell what came of it."""
        await read_body(request, bodies.EmptyBody)
        return done(request, await self._api.request_retrain(_model(request)), 202)

    async def rollback(self, request: web.Request) -> web.Response:
        """Done when answered."""
        body = await read_body(request, bodies.RollbackBody)
        return done(request, await self._api.rollback(_model(request), body.to))

    async def threshold(self, request: web.Request) -> web.Response:
        """The next check uses it."""
        body = await read_body(request, bodies.ThresholdBody)
        return done(request, await self._api.set_threshold(_model(request), body.drift_threshold))

    async def versions(self, request: web.Request) -> web.Response:
        """Accepted; events tell whether it proved itself."""
        body = await read_body(request, bodies.MadeBody)
        made = self._api.answer_trainer(_model(request), request=body.request, artifact=body.artifact, error=body.error)
        return done(request, await made, 202)

    async def promote(self, request: web.Request) -> web.Response:
        """Done when answered."""
        body = await read_body(request, bodies.PromoteBody)
        return done(request, await self._api.promote(_model(request), body.version))


def _moment(text: str | None) -> datetime | None:
    """A time of day without an offset is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequestError("at must be a moment such as 2026-03-01T12:00:00Z.") from error


def _model(request: web.Request) -> str:
    return request.match_info["model"]
