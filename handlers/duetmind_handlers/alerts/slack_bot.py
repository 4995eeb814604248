"""Slack by a bot's token: one message for each incident, edited as it goes on, and its turns in a thread.

Options: `bot_token`, a secret (scope `chat:write`), `channel`, the id of a channel that the bot is in, and `api_url`
and `allow_private` for a server of your own that speaks the same methods. What a message is known by (its `ts`) comes
back with the next alert of the incident, so nothing has to be remembered here.
Source: https://docs.slack.dev/reference/methods/chat.update
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome, Rejected, Retry
from duetmind_handlers.alerts.http import Endpoint, retry_after
from duetmind_handlers.alerts.slack_blocks import blocks_of, escape

#: errors that may pass by themselves; any other says the same to the same message
_PASSING: Final = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
#: the message is gone: it is written anew
_LOST: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
#: what a message is known by
_TS: Final = re.compile(r"\d{6,12}\.\d{1,8}")
_ERROR_CODE: Final = re.compile(r"[a-z_]{3,40}")

_client_log = logging.getLogger(f"{__name__}.client")
_client_log.setLevel(logging.WARNING)


class SlackBot:
    """Posts and edits messages in one channel."""

    def __init__(
        self, name: str, endpoint: Endpoint, *, token: str, channel: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self.name = name
        self._endpoint = endpoint
        self._token = token
        self._channel = channel
        self._now = now

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:  # noqa: ARG002 - people tell a repeat by the id
        """Post the incident's message, or edit it and say in its thread what is new."""
        text, blocks = escape(alert.title, 300), blocks_of(alert)
        known = alert.handle if _TS.fullmatch(alert.handle) else ""
        try:
            if known and await self._edited(known, text, blocks):
                await self._call("chat.postMessage", thread_ts=known, text=escape(_news(alert), 3000))
                return Delivered(known)
            answer = await self._call("chat.postMessage", text=text, blocks=blocks)
        except SlackApiError as error:
            return self._refused(error)
        except (aiohttp.ClientError, OSError) as error:
            return self._endpoint.failed(error)
        return Delivered(str(answer.get("ts", "")))

    async def close(self) -> None:
        """Let go of the session."""
        await self._endpoint.close()

    async def _edited(self, ts: str, text: str, blocks: list[dict[str, Any]]) -> bool:
        """Whether the message is still there to be edited."""
        try:
            await self._call("chat.update", ts=ts, text=text, blocks=blocks)
        except SlackApiError as error:
            if error.response.get("error") in _LOST:
                return False
            raise
        return True

    async def _call(self, method: str, **body: Any) -> Any:
        client = AsyncWebClient(
            self._token, base_url=self._endpoint.url, session=self._endpoint.session(), logger=_client_log,
            retry_handlers=[],
        )  # fmt: skip
        client.proxy = None
        return await client.api_call(method, json={"channel": self._channel, **body})

    def _refused(self, error: SlackApiError) -> Outcome:
        response: Any = error.response
        status, code = int(response.status_code), str(response.get("error") or "")
        said = f"{self._endpoint.shown} answered {status}" + (f" {code}" if _ERROR_CODE.fullmatch(code) else "")
        if status in {408, 425, 429} or status >= 500 or code in _PASSING:
            return Retry(said, retry_after(response.headers, self._now()))
        return Rejected(said)


def _news(alert: Alert) -> str:
    """A turn in the thread: what it is, and its first sentence."""
    return f"{alert.status}: {alert.lines[0] if alert.lines else alert.title}"
