"""Failures as problem documents, so that a client reads one shape whatever went wrong.

Source: RFC 9457
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from duetmind_adaptive.errors import DuetMindError, StoreError
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.service.http.api import BadCursorError, NotFoundError

log = get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadRequestError(DuetMindError):
    """The request cannot be understood."""

    def __init__(self, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.more = more


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> web.Response:
    """A problem document; `more` are members beside the standard ones."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": redact(detail)}
    text = json.dumps({**document, **more})
    return web.Response(status=status, text=text, content_type=CONTENT_TYPE, headers=headers)


def explain(error: ValidationError) -> BadRequestError:
    """What is wrong with a body: 400 if it is no JSON, 422 if its content does not fit."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(item["type"] == "json_invalid" for item in found):
        return BadRequestError(f"The body is not JSON: {found[0]['msg']}.")
    errors = [{"pointer": "/" + "/".join(map(str, item["loc"])), "detail": item["msg"]} for item in found]
    told = "; ".join(f"{item['pointer']}: {item['detail']}" for item in errors)
    return BadRequestError(f"The body does not fit: {told}.", 422, errors=errors)


def _status_of(error: DuetMindError) -> int:
    match error:
        case BadRequestError():
            return error.status
        case NotFoundError():
            return 404
        case BadCursorError():
            return 400
        case StoreError():
            return 503
        case _:
            return 409


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem document."""
    try:
        return await handler(request)
    except DuetMindError as error:
        more = error.more if isinstance(error, BadRequestError) else {}
        return problem(_status_of(error), str(error), **more)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kept = {name: value for name, value in error.headers.items() if name == "Allow"}
        return problem(error.status, error.text or error.reason, kept)
    except Exception:  # a fault of ours must answer this one request and leave the daemon up
        log.exception("http.unexpected", method=request.method, path=request.path)
        return problem(500, "Something went wrong in the daemon; its log says what.")
