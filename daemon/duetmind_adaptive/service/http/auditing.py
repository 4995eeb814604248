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
    said = {key: str(body.get(key, ""))[:LONGEST] for key in ("by", "reason", "note", "error")}
    rest = {key: value for key, value in body.items() if key not in said}
    why = said["reason"] or said["note"] or said["error"]
    what = request.path.removeprefix("/api/v1/") + (f" {json.dumps(rest)[:LONGEST]}" if rest else "")
    return Act(said["by"] or UNNAMED, what, request.match_info.get("model", ""), why, status)


async def _body(request: web.Request) -> dict[str, Any]:
    """The body once more: it was read, and is kept, before it was acted on."""
    try:
        found = json.loads(await request.read() or b"{}")
    except (ValueError, OSError, web.HTTPException, RuntimeError):
        return {}
    return found if isinstance(found, dict) else {}
