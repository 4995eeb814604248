"""The champion's file over HTTP: conditional, in ranges, and never a mixture of two versions.

Source: RFC 9110 (conditional and range requests), RFC 9530 (Repr-Digest)
"""

from __future__ import annotations

import base64

from aiohttp import ETag, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from duetmind_adaptive.service.http.api import Artifact


def not_modified(request: web.Request, tag: str) -> bool:
    """Whether the client already holds what has this ETag."""
    given: tuple[ETag, ...] = request.if_none_match or ()
    return any(etag.value in (tag, "*") for etag in given)


class ArtifactResponse(web.FileResponse):
    """Sends an artifact; the ETag is its sha256 instead of the file's time and size.

    A `Range` that continues a download of another version (its `If-Range` names another ETag) gets the
    whole file instead: aiohttp itself understands only dates there.
    """

    def __init__(self, artifact: Artifact) -> None:
        digest = base64.b64encode(bytes.fromhex(artifact.sha256)).decode()
        super().__init__(
            artifact.path,
            headers={
                hdrs.CONTENT_TYPE: "application/octet-stream",
                hdrs.CONTENT_DISPOSITION: f'attachment; filename="{artifact.sha256[:16]}.skops"',
                "Repr-Digest": f"sha-256=:{digest}:",
            },
        )
        self.tag = f'"{artifact.sha256}"'

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Begin to send; aiohttp sees the range only, not the conditions it would compare with its own ETag."""
        wanted = request.headers.get(hdrs.RANGE, "")
        same_file = request.headers.get(hdrs.IF_RANGE, self.tag) == self.tag
        headers = {hdrs.RANGE: wanted} if wanted.isascii() and wanted and same_file else {}
        return await super().prepare(request.clone(headers=headers))
