"""The email channel: one mail per alert through an SMTP server.

Options: `host`; `port` (default 587, 465 or 25 by `security`); `security`, one of `starttls` (default), `tls`
and `none`; `username` and `password`, together or not at all, and never in the clear beyond this machine;
`sender` (or `sender_email`); `recipients`, a list or one line with commas; `ca_file`, the absolute path of a
PEM file, for servers whose certificate only your own authority vouches for.

SMTP's own rule decides what is tried again: 4xx and lost connections are passing, 5xx is final (RFC 5321,
4.2.1). A mail that some recipients got is delivered; who was refused, and why, stands in the outcome.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any, Final

import aiosmtplib

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome, Rejected, Retry
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.texts import printable
from duetmind_handlers.alerts.email_message import compose
from duetmind_handlers.alerts.email_options import EmailOptions
from duetmind_handlers.alerts.options import read_options

_log = get_logger(__name__)

#: the server's silence after any one command
TIMEOUT: Final = timedelta(seconds=10)

#: the whole conversation; with one last QUIT it stays below the 45 s that a channel has for one try
CONVERSATION: Final = timedelta(seconds=30)

#: how the client says that a server lacks an extension; the root class itself stands for STARTTLS and AUTH
_UNSUPPORTED: Final = (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported)

#: characters of a server's answer that an outcome keeps
_ANSWER_LIMIT: Final = 200

#: addresses named singly in an outcome
_NAMED_REFUSALS: Final = 20


class EmailChannel:
    """Sends alerts as mail; every alert is one conversation with the server."""

    def __init__(
        self,
        name: str,
        options: EmailOptions,
        *,
        timeout: timedelta = TIMEOUT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._options = options
        self._timeout = timeout
        self._now = now

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:
        """Send once; mail systems tell a repeat by the Message-ID, which is made of the alert's id."""
        _log.debug("email.sending", channel=self.name, alert=alert.id, attempt=attempt.number)
        options = self._options
        # in a thread, because pictures take some hundredths of a second
        message = await asyncio.to_thread(
            compose, alert, sender=options.sender, recipients=options.recipients, now=self._now()
        )
        try:
            async with asyncio.timeout(CONVERSATION.total_seconds()):
                refused = await self._converse(message.as_bytes())
        except (aiosmtplib.SMTPException, OSError) as error:  # TimeoutError and SSLError are OSErrors
            return self._failed(error)
        return Delivered(self._refusals(refused))

    async def close(self) -> None:
        """Nothing to let go of: no connection outlives its message."""

    async def _converse(self, message: bytes) -> list[tuple[str, int, str]]:
        """Who was refused, with code and answer, while others were not; raises when nobody was accepted."""
        options = self._options
        client = aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port_in_use,
            username=options.username,
            password=options.password.get_secret_value() if options.password else None,
            use_tls=options.security == "tls",
            start_tls=options.security == "starttls",
            cert_bundle=options.ca_file and str(options.ca_file),
            timeout=self._timeout.total_seconds(),
        )
        async with client:
            refused, _ = await client.sendmail(
                parseaddr(options.sender)[1], [parseaddr(each)[1] for each in options.recipients], message
            )
        return [(address, answer.code, answer.message) for address, answer in refused.items()]

    def _failed(self, error: Exception) -> Outcome:
        """What a conversation that did not end well means."""
        match error:
            case aiosmtplib.SMTPRecipientsRefused(recipients=refused):
                said = self._refusals([(each.recipient, each.code, each.message) for each in refused])
                return _by_code(min(each.code for each in refused), said)
            case aiosmtplib.SMTPAuthenticationError(code=code):
                return _by_code(code, f"{self._server} refused the username or password ({code})")
            case aiosmtplib.SMTPResponseException(code=code, message=answer):
                return _by_code(code, f"{self._server} answered {code} {self._clean(answer)}".rstrip())
            case aiosmtplib.SMTPException() if type(error) in _UNSUPPORTED:
                return Rejected(f"{self._server} does not offer what `security`, `username` or an address asks for")
            case _:
                return Retry(f"no conversation with {self._server}: {_reason(error)}")

    @property
    def _server(self) -> str:
        return f"{self._options.host}:{self._options.port_in_use}"

    def _refusals(self, refused: Sequence[tuple[str, int, str]]) -> str:
        """Each refused recipient with the server's answer; empty when there is none."""
        named = [f"{address}: {code} {self._clean(answer)}" for address, code, answer in refused[:_NAMED_REFUSALS]]
        more = [f"+{len(refused) - len(named)} more"] if len(refused) > len(named) else []
        return "refused " + "; ".join([*named, *more]) if named else ""

    def _clean(self, answer: str) -> str:
        """A server's own words, of bounded length and without our secret, should it repeat it."""
        secret = self._options.password
        if secret and secret.get_secret_value():
            answer = answer.replace(secret.get_secret_value(), "…")
        return printable(" ".join(answer.split()), _ANSWER_LIMIT)


def create(name: str, options: Mapping[str, Any], *, timeout: timedelta = TIMEOUT) -> EmailChannel:
    """Make the channel; raises ConfigError naming the missing or wrong setting."""
    return EmailChannel(name, read_options(EmailOptions, name, options), timeout=timeout)


def _by_code(code: int, said: str) -> Outcome:
    return Rejected(said) if 500 <= code < 600 else Retry(said)


def _reason(error: Exception) -> str:
    """A cause in our words; the library wraps the system's error in its own."""
    cause = error.__cause__ or error
    match cause:
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLCertVerificationError(verify_message=message):
            return f"its certificate is not trusted ({message})"
        case ssl.SSLError():
            return "no TLS connection could be agreed on"
        case socket.gaierror():
            return "the host's name cannot be resolved"
        case OSError(errno=int() as number) if number > 0:
            return os.strerror(number)
        case _:
            return type(cause).__name__
