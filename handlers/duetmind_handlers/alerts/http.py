"""One guarded HTTP endpoint: a session opened on first use, and what each kind of answer or failure means.

Chat and webhook addresses carry tokens in their path. Every sentence made here names a target by scheme,
host and port only, and no exception that holds the whole URL leaves this module's callers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import aiohttp
from pydantic import AfterValidator, SecretStr

from duetmind_adaptive.contracts import Outcome, Rejected, Retry
from duetmind_handlers.alerts.egress import Egress, Network, TargetRefusedError, is_loopback_name

#: one request, from looking up the name to the answer's head
TIMEOUT: Final = timedelta(seconds=20)

#: the longest Retry-After that is obeyed; a receiver must not be able to silence a channel for years
LONGEST_WAIT: Final = timedelta(hours=24)


class RedirectRefusedError(aiohttp.ClientError):
    """The receiver answered with a redirect, which is never followed."""


#: failures whose own words could hold the URL, in ours
_REASONS: Final = (
    (RedirectRefusedError, "the receiver answered with a redirect, which is not followed"),
    (aiohttp.ClientConnectorDNSError, "the host's name cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, "the receiver's certificate is not trusted"),
    (aiohttp.ClientSSLError, "no TLS connection could be agreed on"),
)


@dataclass(slots=True)
class Endpoint:
    """A URL and the one session towards it."""

    url: str = field(repr=False)
    #: scheme, host and port: all that may be said of the URL
    shown: str
    egress: Egress
    timeout: timedelta = TIMEOUT
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str, private: bool | tuple[Network, ...] = False, timeout: timedelta = TIMEOUT) -> Endpoint:
        """Read a URL; raises ValueError, without the URL in it, when it cannot be called.

        >>> Endpoint.parse("https://hooks.example.com/T0/secret").shown
        'https://hooks.example.com'
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")  # or looking up the name would raise it
        except ValueError:
            raise ValueError("is not a URL") from None
        if parts.scheme not in {"http", "https"} or not host or not url.isprintable():
            raise ValueError("must be a URL that starts with https:// or http:// and names a host")
        name = f"[{host}]" if ":" in host else host
        shown = f"{parts.scheme}://{name}" + (f":{port}" if port else "")
        return cls(url, shown, Egress(is_loopback_name(host), private), timeout)

    def session(self) -> aiohttp.ClientSession:
        """The session; each connection is new, so that each one is checked."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=self.egress, force_close=True),
                timeout=aiohttp.ClientTimeout(total=self.timeout.total_seconds()),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_refuse_redirects,),
            )
        return self._session

    async def close(self) -> None:
        """Let go of the session."""
        if self._session is not None:
            await self._session.close()

    def failed(self, error: Exception) -> Outcome:
        """What a request that got no answer means; a wrong target is final, everything else may mend itself."""
        match error:
            case aiohttp.InvalidURL():
                return Rejected(f"{self.shown} is not an address that can be called")
            case aiohttp.ClientConnectorError(os_error=TargetRefusedError()):
                return Rejected(
                    f"{self.shown} is, or resolves to, a private, loopback or metadata address; "
                    "set `allow_private` of this channel if that is meant"
                )
            case _:
                return Retry(f"{self._reason(error)} ({self.shown})")

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self.timeout.total_seconds():g} s"
        known = next((reason for kind, reason in _REASONS if isinstance(error, kind)), None)
        number: int | None = error.errno if isinstance(error, OSError) else None
        if known is None and number is not None and number > 0:
            return f"no connection: {os.strerror(number)}"
        return known or f"the connection failed: {type(error).__name__}"


def _callable(url: SecretStr) -> SecretStr:
    Endpoint.parse(url.get_secret_value())
    return url


#: a setting that holds a URL; it may carry a token, so it is a secret
SecretUrl = Annotated[SecretStr, AfterValidator(_callable)]


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long a receiver asks to wait (RFC 9110, 10.2.3): seconds or an HTTP date; None when it does not say.

    >>> retry_after({"Retry-After": "120"}, datetime(2026, 1, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), "").strip()
    wait = timedelta(seconds=int(value)) if _is_count(value) else _until(value, now)
    return None if wait is None else min(max(wait, timedelta(0)), LONGEST_WAIT)


def _is_count(value: str) -> bool:
    #: nine digits are thirty years: more is nonsense, and could overflow
    return value.isascii() and value.isdigit() and len(value) <= 9


def _until(value: str, now: datetime) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise RedirectRefusedError
    return response
