"""The webhook channel against a real HTTP server: what arrives verifies, and every answer means what it should."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from pydantic import SecretStr
from standardwebhooks import Webhook

from duetmind_adaptive.contracts import Delivered, Rejected, Retry
from duetmind_adaptive.events import parse_event
from duetmind_handlers.alerts.webhook import create

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
TOKEN = "path-token"


@pytest.fixture
async def channel(receiver):
    made = create("ops", {"url": SecretStr(receiver.url(f"/{TOKEN}?key={TOKEN}")), "secret": SecretStr(SECRET)})
    yield made
    await made.close()


async def test_the_body_is_the_envelope_and_verifies_with_the_official_library(channel, receiver, make_alert, attempt):
    alert = make_alert()
    assert await channel.send(alert, attempt) == Delivered("HTTP 200")
    [(headers, body)] = receiver.got
    assert Webhook(SECRET).verify(body, headers)["id"] == alert.id
    assert parse_event(body) == alert.event
    assert headers["content-type"] == "application/json"
    assert receiver.paths == [f"/{TOKEN}?key={TOKEN}"]


async def test_tries_share_their_id_and_each_has_a_fresh_timestamp(receiver, make_alert, attempt):
    from duetmind_handlers.alerts.http import Endpoint
    from duetmind_handlers.alerts.webhook import WebhookChannel

    moments = iter([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 5, tzinfo=UTC)])
    channel = WebhookChannel("ops", Endpoint.parse(receiver.url()), [b"key"], now=lambda: next(moments))
    for _ in range(2):
        await channel.send(make_alert(), attempt)
    first, second = (headers for headers, _ in receiver.got)
    assert first["webhook-id"] == second["webhook-id"] == make_alert().id
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5 * 3600
    await channel.close()


async def test_while_rotating_both_secrets_verify(receiver, make_alert, attempt):
    secrets = [SECRET, "whsec_" + b64encode(b"the new one").decode()]
    channel = create("ops", {"url": receiver.url(), "secret": [SecretStr(each) for each in secrets]})
    await channel.send(make_alert(), attempt)
    [(headers, body)] = receiver.got
    for secret in secrets:
        Webhook(secret).verify(body, headers)
    assert len(headers["webhook-signature"].split()) == 2
    await channel.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_a_delivery(channel, receiver, make_alert, attempt, status):
    receiver.answers.append(web.Response(status=status))
    assert await channel.send(make_alert(), attempt) == Delivered(f"HTTP {status}")


async def test_gone_is_final(channel, receiver, make_alert, attempt):
    receiver.answers.append(web.Response(status=410))
    outcome = await channel.send(make_alert(), attempt)
    assert isinstance(outcome, Rejected)
    assert outcome.reason.startswith("gone: ")


@pytest.mark.parametrize("status", [400, 401, 404, 408, 425, 429, 500, 502, 503, 504])
async def test_any_other_failure_is_tried_again(channel, receiver, make_alert, attempt, status):
    receiver.answers.append(web.Response(status=status))
    outcome = await channel.send(make_alert(), attempt)
    assert outcome == Retry(f"{receiver.url('')} answered {status}")


@pytest.mark.parametrize(
    "asked",
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("999999999", timedelta(hours=24)),
        ("99999999999999999999", None),
        ("-5", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=24)),
        ("Fri, 99 Foo 9999 99:99:99 GMT", None),
    ],
)
async def test_a_wait_that_is_asked_for_is_obeyed_within_reason(channel, receiver, make_alert, attempt, asked):
    header, after = asked
    for status in (429, 503):
        receiver.answers.append(web.Response(status=status, headers={"Retry-After": header}))
        outcome = await channel.send(make_alert(), attempt)
        assert isinstance(outcome, Retry)
        assert outcome.after == after


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(channel, receiver, make_alert, attempt, status):
    receiver.answers.append(web.Response(status=status, headers={"Location": receiver.url("/elsewhere")}))
    outcome = await channel.send(make_alert(), attempt)
    assert isinstance(outcome, Retry)
    assert "redirect" in outcome.reason
    assert len(receiver.got) == 1


async def test_a_receiver_that_does_not_answer_is_tried_again(receiver, make_alert, attempt):
    receiver.pause = asyncio.Event()
    channel = create("ops", {"url": receiver.url(), "secret": SecretStr(SECRET)}, timeout=timedelta(milliseconds=100))
    assert await channel.send(make_alert(), attempt) == Retry(f"no answer within 0.1 s ({receiver.url('')})")
    await channel.close()


async def test_a_receiver_that_is_not_there_is_tried_again(closed_port, make_alert, attempt):
    channel = create("ops", {"url": f"http://127.0.0.1:{closed_port}/{TOKEN}", "secret": SecretStr(SECRET)})
    outcome = await channel.send(make_alert(), attempt)
    assert outcome == Retry(f"no connection: Connection refused (http://127.0.0.1:{closed_port})")
    await channel.close()


async def test_a_name_that_does_not_exist_is_tried_again(make_alert, attempt, monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    channel = create("ops", {"url": f"https://nobody.invalid/{TOKEN}", "secret": SecretStr(SECRET)})
    outcome = await channel.send(make_alert(), attempt)
    assert outcome == Retry("the host's name cannot be resolved (https://nobody.invalid)")
    await channel.close()


async def test_a_certificate_nobody_vouches_for_is_a_failure(make_receiver, server_tls, make_alert, attempt):
    async with make_receiver().serve(server_tls) as receiver:
        channel = create("ops", {"url": receiver.url(scheme="https"), "secret": SecretStr(SECRET)})
        outcome = await channel.send(make_alert(), attempt)
        await channel.close()
    assert outcome == Retry(f"the receiver's certificate is not trusted ({receiver.url('', scheme='https')})")
    assert receiver.got == []


async def test_tls_towards_a_plain_server_is_a_failure(receiver, make_alert, attempt):
    channel = create("ops", {"url": receiver.url(scheme="https"), "secret": SecretStr(SECRET)})
    outcome = await channel.send(make_alert(), attempt)
    await channel.close()
    assert isinstance(outcome, Retry)
    assert "TLS" in outcome.reason


async def test_a_connection_that_breaks_off_is_tried_again(make_alert, attempt):
    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = create("ops", {"url": f"http://127.0.0.1:{port}/{TOKEN}", "secret": SecretStr(SECRET)})
    outcome = await channel.send(make_alert(), attempt)
    assert isinstance(outcome, Retry)
    assert TOKEN not in outcome.reason
    await channel.close()
    server.close()


async def test_sends_after_a_close_open_a_new_session(channel, make_alert, attempt):
    await channel.send(make_alert(), attempt)
    await channel.close()
    assert await channel.send(make_alert(), attempt) == Delivered("HTTP 200")
    await channel.close()
    await channel.close()


async def test_many_sends_at_once_share_the_channel(channel, receiver, make_alert, attempt):
    alerts = [make_alert(id=f"e-{i}") for i in range(50)]
    outcomes = await asyncio.gather(*(channel.send(alert, attempt) for alert in alerts))
    assert all(isinstance(each, Delivered) for each in outcomes)
    assert sorted(headers["webhook-id"] for headers, _ in receiver.got) == sorted(alert.id for alert in alerts)
