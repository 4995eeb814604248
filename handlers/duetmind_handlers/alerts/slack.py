"""The Slack channel: one message to an incoming webhook, or to anything that speaks its format.

Options: `webhook_url`, a secret, for whoever knows it can post; `allow_private` as in `webhook`. With `bot_token` see
`slack_bot`.

Rate limits (one message a second and webhook) are answered with Retry(after), never slept out here.
Incoming webhooks have no idempotency key: the event's id stands in the message, so that people can tell a
repeat. 408, 425, 429 and 5xx are tried again; any other refusal is final, because the same message to the
same address would be refused again (`invalid_token`, `no_service`, `channel_is_archived`, …).
Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
from pydantic import IPvAnyNetwork, SecretStr, model_validator
from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome, Rejected, Retry
from duetmind_adaptive.logger import get_logger
from duetmind_handlers.alerts.http import TIMEOUT, Endpoint, SecretUrl, retry_after
from duetmind_handlers.alerts.options import Options, read_options
from duetmind_handlers.alerts.slack_blocks import blocks_of, escape
from duetmind_handlers.alerts.slack_bot import SlackBot

_log = get_logger(__name__)

#: statuses of the 4xx that say nothing about the message
_PASSING: Final = frozenset({408, 425, 429})

#: what Slack's error codes look like; anything else in an answer is not repeated
_ERROR_CODE: Final = re.compile(r"[a-z_]{3,40}")

#: The SDK writes the webhook's URL, a secret, to its log at DEBUG: this one stays above that, whatever the root does.
_client_log = logging.getLogger(f"{__name__}.client")
_client_log.setLevel(logging.WARNING)


class SlackOptions(Options):
    """What Slack asks for: an incoming webhook, or a bot's token and a channel."""

    webhook_url: SecretUrl | None = None
    bot_token: SecretStr | None = None
    channel: str = ""
    api_url: str = "https://slack.com/api/"
    allow_private: bool | tuple[IPvAnyNetwork, ...] = False

    @model_validator(mode="after")
    def _one_of(self) -> SlackOptions:
        if (self.webhook_url is None) == (self.bot_token is None):
            raise ValueError("`webhook_url` is missing; give it, or `bot_token` and `channel`")
        if self.bot_token is not None and not self.channel:
            raise ValueError("bot_token needs channel, the id of the channel to post to")
        return self


class SlackChannel:
    """Posts alerts as blocks to one incoming webhook."""

    def __init__(
        self, name: str, endpoint: Endpoint, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._now = now

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:
        """Post once; people tell a repeat by the alert's id at the end of the message."""
        _log.debug("slack.sending", channel=self.name, alert=alert.id, attempt=attempt.number)
        try:
            response = await self._client().send(text=escape(alert.title, 300), blocks=blocks_of(alert))
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            return self._endpoint.failed(error)
        return self._judge(response)

    async def close(self) -> None:
        """Let go of the session."""
        await self._endpoint.close()

    def _client(self) -> AsyncWebhookClient:
        """The SDK's client on our guarded session: no retries of its own, no proxy from the environment."""
        client = AsyncWebhookClient(
            self._endpoint.url, session=self._endpoint.session(), logger=_client_log, retry_handlers=[]
        )
        client.proxy = None
        return client

    def _judge(self, response: WebhookResponse) -> Outcome:
        status = response.status_code
        if 200 <= status < 300:
            return Delivered(f"HTTP {status}")
        code = _ERROR_CODE.fullmatch(response.body.strip())
        said = f"{self._endpoint.shown} answered {status}" + (f" {code.group()}" if code else "")
        if status in _PASSING or status >= 500:
            return Retry(said, retry_after(response.headers, self._now()))
        return Rejected(said)


def create(name: str, options: Mapping[str, Any], *, timeout: timedelta = TIMEOUT) -> SlackChannel | SlackBot:
    """Make the channel; raises ConfigError naming the missing or wrong setting."""
    given = read_options(SlackOptions, name, options)
    if given.webhook_url is None or given.bot_token is not None:
        token = given.bot_token.get_secret_value() if given.bot_token else ""
        endpoint = Endpoint.parse(given.api_url, given.allow_private, timeout)
        return SlackBot(name, endpoint, token=token, channel=given.channel)
    return SlackChannel(name, Endpoint.parse(given.webhook_url.get_secret_value(), given.allow_private, timeout))
