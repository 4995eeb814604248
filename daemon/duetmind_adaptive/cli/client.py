"""Talks to a running daemon over HTTP, with nothing but the standard library.

Proxies are not asked and redirects not followed, so the token goes to the named daemon or nowhere.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from duetmind_adaptive.cli.text import plain
from duetmind_adaptive.errors import DaemonRefusedError, DaemonUnreachableError, DuetMindError

#: seconds; the daemon answers from its store at once, longer means it hangs
TIMEOUT = 30.0


@dataclass(frozen=True)
class Client:
    """A daemon's address and how to be let in.

    Every method raises DaemonUnreachableError if nothing answers there or the daemon is not ready, and
    DaemonRefusedError with the daemon's own sentence if it answers anything but success.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    #: why there is no token, said only when one turns out to be needed
    no_token: str = ""

    def get(self, path: str, **query: object) -> Any:
        """The JSON document at `path`; query values that are None are left out."""
        parameters = urlencode({key: value for key, value in query.items() if value is not None})
        return self._call("GET", f"{path}?{parameters}" if parameters else path)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Send `body` as JSON and return the answer's document."""
        return self._call("POST", path, json.dumps(body or {}).encode())

    def stream(self, path: str) -> Iterator[Any]:
        """The JSON documents of a stream of server-sent events, as they come; ends when the daemon ends it.

        Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        with self._request("GET", path, None, timeout=None) as response:
            data: list[str] = []
            for raw in response:
                line = raw.decode(errors="replace").rstrip("\r\n")
                if line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
                elif not line and data:
                    yield self._document("\n".join(data), path)
                    data.clear()

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        with self._request(method, path, body, timeout=TIMEOUT) as response:
            return self._document(response.read(), path)

    def _document(self, content: str | bytes, path: str) -> Any:
        try:
            return json.loads(content or "{}")
        except ValueError:
            raise DaemonRefusedError(
                f"what answers at {self.url} is not a DuetMind daemon: {path} is no JSON"
            ) from None

    @contextmanager
    def _request(
        self, method: str, path: str, body: bytes | None, *, timeout: float | None
    ) -> Generator[http.client.HTTPResponse]:
        connection = self._connection(timeout)
        try:
            prefix = urlsplit(self.url).path.rstrip("/")
            connection.request(method, prefix + path, body, self._headers(body))
            response = connection.getresponse()
            if not 200 <= response.status < 300:
                raise self._refusal(response)
            yield response
        except TimeoutError:
            raise DaemonUnreachableError(f"the daemon at {self.url} did not answer within {TIMEOUT:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DaemonUnreachableError(
                f"no daemon answers at {self.url} ({plain(reason)}); start one with 'duetmind run --config FILE'"
            ) from None
        finally:
            connection.close()

    def _connection(self, timeout: float | None) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=timeout)

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json, text/event-stream"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def _refusal(self, response: http.client.HTTPResponse) -> DuetMindError:
        if response.status == http.client.SERVICE_UNAVAILABLE:
            return DaemonUnreachableError(f"the daemon at {self.url} is not ready: {_detail(response)}")
        if response.status == http.client.UNAUTHORIZED:
            how = self.no_token or "the token is not this daemon's"
            return DaemonRefusedError(
                f"the daemon at {self.url} wants its token: {how}; give --token, DUETMIND_TOKEN or --config"
            )
        return DaemonRefusedError(f"{_detail(response)} (the daemon at {self.url} answered {response.status})")


def _detail(response: http.client.HTTPResponse) -> str:
    """The sentence of a problem document (RFC 9457), the reasons of `/readyz`, else the status line's."""
    try:
        document = json.loads(response.read())
        reasons = "; ".join(map(str, document.get("reasons") or ()))
        return plain(document.get("detail") or reasons or document.get("title") or response.reason)
    except (ValueError, AttributeError):
        return plain(response.reason)


def model_path(model: str, act: str) -> str:
    """The path of an act on a model.

    >>> model_path("loans/../x", "retrain")
    '/api/v1/models/loans%2F..%2Fx/retrain'
    """
    return f"/api/v1/models/{quote(model, safe='')}/{act}"


def job_path(job: str, act: str) -> str:
    """The path of an act on a job.

    >>> job_path("0190-ab", "cancel")
    '/api/v1/jobs/0190-ab/cancel'
    """
    return f"/api/v1/jobs/{quote(job, safe='')}/{act}"


def review_path(review: str, answer: str) -> str:
    """The path of an answer to a review.

    >>> review_path("0190-ab", "approve")
    '/api/v1/reviews/0190-ab/approve'
    """
    return f"/api/v1/reviews/{quote(review, safe='')}/{answer}"


def run_path(run: str, act: str = "") -> str:
    """The path of a run of a workflow, or of an act on it.

    >>> run_path("0190-ab"), run_path("0190-ab", "cancel")
    ('/api/v1/workflows/0190-ab', '/api/v1/workflows/0190-ab/cancel')
    """
    return f"/api/v1/workflows/{quote(run, safe='')}{f'/{act}' if act else ''}"
