"""The webhook channel: the event's CloudEvents envelope, POSTed and signed by the Standard Webhooks scheme.

Options: `url`; `secret`, one or a list while rotating (each signs); `allow_private`, true or a list of
networks, for receivers inside your own network (see `egress`).

Any 2xx is a delivery. 410 Gone is final: the receiver asks to be left alone. Everything else is tried again,
4xx included, because receivers answer those while they are being deployed or reconfigured; Retry-After is
obeyed, redirects are failures. Tries of one message share their `webhook-id`, the event's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import aiohttp
from pydantic import AfterValidator, BeforeValidator, IPvAnyNetwork, SecretBytes, SecretStr

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome, Rejected, Retry
from duetmind_adaptive.logger import get_logger
from duetmind_handlers.alerts.envelope import envelope
from duetmind_handlers.alerts.http import TIMEOUT, Endpoint, SecretUrl, retry_after
from duetmind_handlers.alerts.options import Options, read_options
from duetmind_handlers.alerts.signing import keys_of, signed_headers

_log = get_logger(__name__)

_GONE: Final = 410


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str | SecretStr) else value


def _usable(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not secrets:
        raise ValueError("is an empty list")
    for secret in secrets:
        keys_of(secret.get_secret_value())
    return secrets


class WebhookOptions(Options):
    """What a webhook asks for."""

    url: SecretUrl
    secret: Annotated[tuple[SecretStr, ...], BeforeValidator(_listed), AfterValidator(_usable)]
    allow_private: bool | tuple[IPvAnyNetwork, ...] = False


class WebhookChannel:
    """POSTs signed envelopes to one URL.

    Parameters
    ----------
    name
        The channel's name in the configuration.
    endpoint
        Where to.
    keys
        Each makes a signature; a receiver needs to know one of them.
    now
        Real time, whatever clock the daemon runs on: receivers refuse timestamps that are minutes off.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        keys: Sequence[bytes],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._keys = tuple(map(SecretBytes, keys))
        self._now = now

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:
        """POST once; the receiver tells a repeat by the `webhook-id` header."""
        _log.debug("webhook.sending", channel=self.name, alert=alert.id, attempt=attempt.number)
        body = envelope(alert.event)
        headers = {
            "content-type": "application/json",
            "user-agent": "duetmind-adaptive",
            **signed_headers((key.get_secret_value() for key in self._keys), alert.id, self._now(), body),
        }
        endpoint = self._endpoint
        try:
            async with endpoint.session().post(endpoint.url, data=body, headers=headers) as response:
                return self._judge(response.status, response.headers)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            return endpoint.failed(error)

    async def close(self) -> None:
        """Let go of the session."""
        await self._endpoint.close()

    def _judge(self, status: int, headers: Mapping[str, str]) -> Outcome:
        if 200 <= status < 300:
            return Delivered(f"HTTP {status}")
        if status == _GONE:
            return Rejected(f"gone: {self._endpoint.shown} answered 410 and wants no more messages", gone=True)
        return Retry(f"{self._endpoint.shown} answered {status}", retry_after(headers, self._now()))


def create(name: str, options: Mapping[str, Any], *, timeout: timedelta = TIMEOUT) -> WebhookChannel:
    """Make the channel; raises ConfigError naming the missing or wrong setting."""
    given = read_options(WebhookOptions, name, options)
    endpoint = Endpoint.parse(given.url.get_secret_value(), given.allow_private, timeout)
    return WebhookChannel(name, endpoint, [key for each in given.secret for key in keys_of(each.get_secret_value())])
