"""The apprise channel: one of the hundred and more services that Apprise knows, by its URL.

Options: `url`, the service's Apprise URL, such as `pagerduty://…` or `tgram://…`. The whole of it is a secret, for
tokens stand anywhere in one, so it is `{env: NAME}` or `{file: PATH}`. Needs the extra `apprise`.

Apprise blocks and says yes or no: each try runs in a thread of its own, for a bounded time, and a no is tried again.
It connects by itself: the rule of `egress` does not hold for it, redirects are not followed unless the URL says so.
Source: https://github.com/caronc/apprise/wiki
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, SecretStr

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome, Retry
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.logger import get_logger
from duetmind_handlers.alerts.aside import call_aside
from duetmind_handlers.alerts.options import Options, read_options

if TYPE_CHECKING:
    from duetmind_handlers.alerts.apprise_service import Service

_log = get_logger(__name__)

#: one try, with all its requests; below the 45 s that a channel has for one
TIMEOUT: Final = timedelta(seconds=30)

#: said where Apprise is asked for and not there
MISSING: Final = "Apprise is not installed: pip install 'duetmind-adaptive[apprise]'"


def _is_secret(value: object) -> object:
    if not isinstance(value, SecretStr):
        how = "give {env: NAME} or {file: PATH}, so that it stays out of the file"
        raise ValueError(f"holds tokens; {how}")  # noqa: TRY004 - pydantic reports a ValueError
    return value


class AppriseOptions(Options):
    """What Apprise asks for."""

    url: Annotated[SecretStr, BeforeValidator(_is_secret)]


class AppriseChannel:
    """Tells one service that Apprise knows.

    Parameters
    ----------
    name
        The channel's name in the configuration.
    service
        Whom to tell; blocks while it does.
    timeout
        How long one try is waited for. A thread cannot be ended: one that takes longer is left to itself, and until
        it is through nothing else is sent.
    """

    def __init__(self, name: str, service: Service, timeout: timedelta = TIMEOUT) -> None:
        self.name = name
        self._service = service
        self._timeout = timeout
        self._running: threading.Thread | None = None

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:
        """Send once; people tell a repeat by the alert's id at the end of the message."""
        _log.debug("apprise.sending", channel=self.name, alert=alert.id, attempt=attempt.number)
        service = self._service
        if self._running is not None and self._running.is_alive():
            return Retry(f"{service.name} has not answered the try before this one yet")
        self._running, answer = call_aside(lambda: service.tell(alert), name=f"apprise-{self.name}")
        try:
            problem = await answer(self._timeout)
        except TimeoutError:
            return Retry(f"no answer from {service.name} within {self._timeout.total_seconds():g} s")
        except Exception as error:  # noqa: BLE001 - a hundred services' code; its words could hold the URL
            return Retry(f"Apprise failed at {service.name}: {type(error).__name__}")
        return Retry(problem) if problem else Delivered(f"taken by {service.name}")

    async def close(self) -> None:
        """Nothing to let go of: no connection outlives its message."""


def create(name: str, options: Mapping[str, Any], *, timeout: timedelta = TIMEOUT) -> AppriseChannel:
    """Make the channel; raises ConfigError naming the missing or wrong setting, or the missing package."""
    url = read_options(AppriseOptions, name, options).url
    try:
        from duetmind_handlers.alerts.apprise_service import Service  # noqa: PLC0415 - of an extra
    except ImportError:
        raise ConfigError(f"alerts.channels.{name}: {MISSING}") from None
    try:
        return AppriseChannel(name, Service(url), timeout)
    except ValueError as error:
        raise ConfigError(f"alerts.channels.{name}: `url`: {error}") from None
