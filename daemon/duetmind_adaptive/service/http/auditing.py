"""Notes every act that comes over the API, also one that was refused: who, what, to which model and why."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from duetmind_adaptive.service.http.api import Api
from duetmind_adaptive.store.audit import Act

#: who did it, where the body does not say: whoever holds the token
UNNAMED = "the token's holder"
#: of what people write, characters
LONGEST = 500


def audited(api: Api) -> Any:
    """A middleware; what the guard refuses does not come this far."""

    @web.middleware
    async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        status = "failed"
        try:
            response = await handler(request)
        except Exception as error:
            status = f"refused: {type(error).__name__}"
            raise
        else:
            status = str(response.status)
            return response
        finally:
            await api.note_act(await _act(request, status))

    return middleware


async def _act(request: web.Request, status: str) -> Act:
    body = await _body(request)
    by, reason, note, error = (_text(body.pop(key, "")) for key in ("by", "reason", "note", "error"))
    what = request.path.removeprefix("/api/v1/") + (f" {json.dumps(body)}" if body else "")
    return Act(by or UNNAMED, _text(what), _text(request.match_info.get("model", "")), reason or note or error, status)


def _text(value: object) -> str:
    """Text that can be stored: of bounded length, and without halves of characters."""
    return str(value)[:LONGEST].encode("utf-8", "replace").decode()


async def _body(request: web.Request) -> dict[str, Any]:
    """The body once more: it was read, and is kept, before it was acted on. What is no JSON object counts as none."""
    try:
        found = json.loads(await request.read() or b"{}")
    except (ValueError, OSError, RecursionError, RuntimeError, web.HTTPException):
        return {}
    return found if isinstance(found, dict) else {}
