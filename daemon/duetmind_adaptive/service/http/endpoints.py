"""One entry per route: what the router, the guard and the API document all read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.service.http.problems import BadRequestError, explain

log = get_logger(__name__)

B = TypeVar("B", bound=BaseModel)

DEFAULT_LIMIT, MAX_LIMIT = 50, 1000
#: longest cursor and Last-Event-ID that is looked at, in characters
MAX_CURSOR = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query parameter, for the API document."""

    name: str
    description: str
    type: str = "string"


LIMIT = Query(name="limit", description=f"How many, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} by default.", type="integer")
CURSOR = Query(name="cursor", description="The `next` of an earlier answer.")
MODEL = Query(name="model", description="Only what concerns this model.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A route and what its document says; `answer` is a model for JSON, a media type for anything else."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    summary: str
    answer: type[BaseModel] | str
    body: type[BaseModel] | None = None
    query: tuple[Query, ...] = ()
    #: of an answer that went well
    status: int = 200
    #: other statuses it answers with, beside those of the guard
    failures: tuple[int, ...] = ()


def paging(request: web.Request) -> tuple[int, str | None]:
    """The `limit` and `cursor` of a list."""
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequestError(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    cursor = request.query.get("cursor") or None
    if cursor and len(cursor) > MAX_CURSOR:
        raise BadRequestError("cursor is not one that an earlier answer gave.")
    return limit, cursor


def done(request: web.Request, document: dict[str, Any], status: int = 200) -> web.Response:
    """Answer an act; whoever may act is told of in the log."""
    log.info("http.acted", act=request.path, remote=request.remote, outcome=document)
    return web.json_response(document, status=status)


async def read_body(request: web.Request, model: type[B]) -> B:
    """The request's JSON body; none at all counts as an empty object.

    Raises
    ------
    BadRequestError
        400 if it is no JSON, 415 if it does not call itself JSON or is compressed, 422 if it does not fit.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise BadRequestError("Send the body uncompressed.", 415)
    try:
        raw = await request.read()
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError) as error:
        raise BadRequestError(f"The body cannot be read: {type(error).__name__}.") from error
    if raw and request.content_type != "application/json":
        raise BadRequestError("Send the body as application/json.", 415)
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise explain(error) from error
