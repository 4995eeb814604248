"""Canaries: no secret of any channel shows up in logs, outcomes, errors or the channel itself, at any log level."""

from __future__ import annotations

import asyncio
import base64
import logging
import traceback
from dataclasses import asdict
from datetime import timedelta

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import SecretStr
from structlog.testing import capture_logs

from duetmind_adaptive.errors import ConfigError
from duetmind_handlers.alerts import email, log, slack, webhook

CANARIES = {
    name: f"canary{number:02d}{name}"
    for number, name in enumerate(
        ["user", "pass", "path", "query", "secret", "rotated", "slackpath", "slackquery", "smtppass", "smtpwrong"]
    )
}
CANARIES["marked"] = base64.b64encode(b"canary10marked!!").decode()
CANARIES["key"] = "canary10marked!!"
#: loggers of the servers these tests run themselves
OURS_ONLY = ("mail.", "aiohttp.server", "aiohttp.web")


@pytest.fixture
def everything_said(caplog):
    """All that is logged at DEBUG, by structlog and by the standard library, as one text."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as events:
        yield lambda: "\n".join(
            [*map(repr, events)]
            + [
                f"{each.name} {each.getMessage()} {each.args}"
                for each in caplog.records
                if not each.name.startswith(OURS_ONLY)
            ]
        )


def webhook_options(port):
    at = f"{CANARIES['user']}:{CANARIES['pass']}@127.0.0.1:{port}"
    return {
        "url": SecretStr(f"http://{at}/{CANARIES['path']}?token={CANARIES['query']}"),
        "secret": [
            SecretStr(CANARIES["secret"]),
            SecretStr(CANARIES["rotated"]),
            SecretStr(f"whsec_{CANARIES['marked']}"),
        ],
    }


def slack_options(port):
    return {"webhook_url": SecretStr(f"http://127.0.0.1:{port}/{CANARIES['slackpath']}?t={CANARIES['slackquery']}")}


def email_options(port, ca_file, password):
    return {
        "host": "127.0.0.1",
        "port": port,
        "username": "mailer",
        "password": SecretStr(password),
        "sender": "a@example.com",
        "recipients": ["b@example.com"],
        "ca_file": str(ca_file),
    }


def assert_silent(text):
    found = [name for name, canary in CANARIES.items() if canary in text]
    assert not found


async def everything_about(channel, alert, attempt):
    """What a program can see of one delivery: outcome, channel, and the traceback if there is one."""
    try:
        outcome = repr(await channel.send(alert, attempt))
    except Exception:  # noqa: BLE001 - whatever it is, it must not tell
        outcome = traceback.format_exc()
    await channel.close()
    return f"{outcome} {channel!r} {vars(channel)} {asdict(alert)}"


def http_channels(port):
    return [
        webhook.create("ops", webhook_options(port), timeout=timedelta(milliseconds=200)),
        slack.create("chat", slack_options(port), timeout=timedelta(milliseconds=200)),
    ]


@pytest.mark.parametrize("status", [200, 307, 404, 410, 429, 500])
async def test_no_answer_makes_a_channel_tell(receiver, make_alert, attempt, everything_said, status):
    shown = ""
    for channel in http_channels(receiver.port):
        receiver.answers.append(
            web.Response(status=status, text=CANARIES["path"], headers={"Location": receiver.url(), "Retry-After": "1"})
        )
        shown += await everything_about(channel, make_alert(), attempt)
    assert len(receiver.got) == 2
    assert CANARIES["path"] in receiver.paths[0]
    assert_silent(shown + everything_said())


async def test_no_failure_makes_a_channel_tell(receiver, closed_port, make_alert, attempt, everything_said):
    receiver.pause = asyncio.Event()
    shown = ""
    for port in (receiver.port, closed_port):
        for channel in http_channels(port):
            shown += await everything_about(channel, make_alert(), attempt)
    shown += await everything_about(log.create("log", {}), make_alert(), attempt)
    assert_silent(shown + everything_said())


async def test_a_log_in_that_works_and_one_that_fails_tell_nothing(
    server_tls, ca_file, make_alert, attempt, everything_said
):
    seen = []

    def authenticate(_server, _session, _envelope, _mechanism, data):
        seen.append(data.password.decode())
        return AuthResult(success=seen[-1] == CANARIES["smtppass"], handled=False)

    def conversation():
        return SMTP(
            object(), hostname="mail.test", tls_context=server_tls, require_starttls=True, authenticator=authenticate
        )

    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0)
    shown = ""
    async with server:
        for password in (CANARIES["smtppass"], CANARIES["smtpwrong"]):
            channel = email.create("mail", email_options(server.sockets[0].getsockname()[1], ca_file, password))
            shown += await everything_about(channel, make_alert(), attempt)
    assert seen[0] == CANARIES["smtppass"]
    assert CANARIES["smtpwrong"] in seen
    assert_silent(shown + everything_said())


def test_a_wrong_setting_beside_a_secret_does_not_tell_it():
    wrong = [
        (webhook.create, {**webhook_options(1), "colour": "red"}),
        (webhook.create, {**webhook_options(1), "url": SecretStr(f"http://h:port/{CANARIES['path']}")}),
        (webhook.create, {**webhook_options(1), "secret": SecretStr(f"whsec_!{CANARIES['secret']}")}),
        (slack.create, {"webhook_url": SecretStr(f"hooks/{CANARIES['slackpath']}")}),
        (email.create, {"password": SecretStr(CANARIES["smtppass"])}),
    ]
    for create, options in wrong:
        with pytest.raises(ConfigError) as refused:
            create("ops", options)
        assert_silent("".join(traceback.format_exception(refused.value)))
