"""A mail server of the tests' own, on loopback: it keeps what it gets, or says no."""

from __future__ import annotations

import asyncio
import contextlib
import email
from email import policy

from aiosmtpd.smtp import AuthResult

LOGIN = (b"mailer", b"pass-canary")


class Postbox:
    """What the server does with mail: keep it, or say what `answers` has for the command."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.answers: dict[str, str] = {}
        self.logins = 0

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.logins += 1
        return AuthResult(success=(data.login, data.password) == LOGIN, handled=False)

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 OK"

    def read(self, number=0):
        return email.message_from_bytes(self.mails[number][2], policy=policy.default)


@contextlib.asynccontextmanager
async def serving(factory, tls=None):
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
