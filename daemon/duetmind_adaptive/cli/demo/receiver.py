"""A webhook receiver on loopback, as a user's would be: it verifies each signature and answers 204."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any

#: larger than any alert may be
MAX_BODY = 64 * 1024


class Receiver:
    """Collects the alerts whose signature is right; a context manager that serves in a thread of its own."""

    def __init__(self, heard: Callable[[dict[str, Any]], None] | None = None) -> None:
        #: by event id, so that a repeat counts once
        self.alerts: dict[str, dict[str, Any]] = {}
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self._heard = heard
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self._server.server_port}/alerts"

    def __enter__(self) -> Receiver:
        """Begin to listen."""
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def take(self, headers: Callable[[str], str], body: bytes) -> bool:
        """Keep a delivery if its Standard Webhooks signature is ours."""
        signed = f"{headers('webhook-id')}.{headers('webhook-timestamp')}.".encode() + body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = headers("webhook-signature").split()
        if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
            return False
        event = json.loads(body)
        if event["id"] not in self.alerts and self._heard:
            self._heard(event)
        self.alerts[event["id"]] = event
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(min(size, MAX_BODY))
                ok = receiver.take(lambda name: self.headers.get(name) or "", body)
                self.send_response(204 if ok else 401)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet: the demo shows what arrives itself."""

        return Handler
