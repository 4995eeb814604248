"""The email channel against real SMTP servers: with TLS and a login, and with every way of saying no."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import SMTP
from pngs import decode
from postbox import LOGIN, serving
from pydantic import SecretStr

from duetmind_adaptive.contracts import Delivered, MeasuredWindow, Rejected, Retry
from duetmind_adaptive.event_data import ColumnEffect
from duetmind_adaptive.events import DriftResolved
from duetmind_adaptive.report.alert_pictures import BAR, CHART
from duetmind_handlers.alerts.email import create

OPENED = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
async def plain_port(postbox):
    async with serving(lambda: SMTP(postbox, hostname="mail.test")) as port:
        yield port


def channel_to(port, **options):
    timeout = options.pop("timeout", timedelta(seconds=5))
    basic = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "DuetMind <duetmind@example.com>",
        "recipients": ["ops@example.com", "Team <team@example.com>"],
    }
    return create("mail", {**basic, **options}, timeout=timeout)


def login(ca_file, password="pass-canary"):
    return {
        "security": "starttls",
        "username": LOGIN[0].decode(),
        "password": SecretStr(password),
        "ca_file": str(ca_file),
    }


async def test_a_mail_goes_through_starttls_and_login(postbox, starttls_port, ca_file, make_alert, attempt):
    alert = make_alert()
    assert await channel_to(starttls_port, **login(ca_file)).send(alert, attempt) == Delivered("")
    [(sender, recipients, _)] = postbox.mails
    assert (sender, recipients) == ("duetmind@example.com", ["ops@example.com", "team@example.com"])
    mail = postbox.read()
    assert mail["Subject"] == alert.title
    assert mail["Message-ID"] == f"<alert.{alert.id}@example.com>"
    assert all(line in mail.get_body(("plain",)).get_content() for line in alert.lines)


async def test_a_mail_arrives_with_the_pictures_that_its_page_shows(postbox, plain_port, make_alert, attempt):
    trend = tuple(
        MeasuredWindow(
            first_row=1_000 * n, last_row=1_000 * n + 1_000, start=OPENED + timedelta(hours=n),
            checked=OPENED + timedelta(hours=n + 1), metric=0.9 - n / 100,
        )
        for n in range(24)
    )  # fmt: skip
    alert = replace(make_alert(top=(ColumnEffect(column="<b>age", kind="numeric", effect=0.4),)), trend=trend)
    assert await channel_to(plain_port).send(alert, attempt) == Delivered("")
    mail = postbox.read()
    assert all(line in mail.get_body(("plain",)).get_content() for line in alert.lines)
    [related] = [part for part in mail.walk() if part.get_content_type() == "multipart/related"]
    page, bar, chart = related.iter_parts()
    assert "&lt;b&gt;age" in page.get_content()
    for part, size in ((bar, BAR), (chart, CHART)):
        assert f'src="cid:{part["Content-ID"][1:-1]}"' in page.get_content()
        assert decode(part.get_content()).size == size
    assert len(postbox.mails[0][2]) <= 50_000, "all of it, as it went over the wire"


async def test_a_mail_goes_through_implicit_tls(postbox, server_tls, ca_file, make_alert, attempt):
    async with serving(lambda: SMTP(postbox, hostname="mail.test"), server_tls) as port:
        channel = channel_to(port, security="tls", ca_file=str(ca_file))
        assert await channel.send(make_alert(), attempt) == Delivered("")
    assert len(postbox.mails) == 1


async def test_the_end_of_an_incident_threads_under_its_opening(postbox, plain_port, make_alert, attempt):
    channel = channel_to(plain_port)
    await channel.send(make_alert(id="e-1"), attempt)
    await channel.send(make_alert(DriftResolved, id="e-2"), attempt)
    await channel.close()
    first, last = postbox.read(0), postbox.read(1)
    assert first["Subject"] == last["Subject"]
    assert first["References"] == last["References"]
    assert first["Message-ID"] != last["Message-ID"]


async def test_a_repeat_has_the_same_message_id(postbox, plain_port, make_alert, attempt):
    for _ in range(2):
        await channel_to(plain_port).send(make_alert(), attempt)
    assert postbox.read(0)["Message-ID"] == postbox.read(1)["Message-ID"]


async def test_hostile_names_change_neither_headers_nor_recipients(postbox, plain_port, make_alert, attempt):
    name = "x\r\n.\r\nMAIL FROM:<x@example.com>\r\nBcc: all@example.com"
    alert = make_alert(model=name, top=(ColumnEffect(column=name, kind="text", effect=0.5),))
    assert await channel_to(plain_port).send(alert, attempt) == Delivered("")
    [(_, recipients, _)] = postbox.mails
    assert len(recipients) == 2
    assert "Bcc" not in postbox.read()


@pytest.mark.parametrize("command", ["MAIL", "DATA"])
async def test_4xx_is_tried_again_and_5xx_is_final(postbox, plain_port, make_alert, attempt, command):
    for answer, kind in (("451 4.7.1 later", Retry), ("554 5.7.1 no", Rejected)):
        postbox.answers[command] = answer
        outcome = await channel_to(plain_port).send(make_alert(), attempt)
        assert outcome == kind(f"127.0.0.1:{plain_port} answered {answer}")


async def test_a_server_that_is_too_busy_to_greet_is_tried_again(make_alert, attempt):
    async def busy(_reader, writer):
        writer.write(b"421 4.3.2 try later\r\n")
        writer.close()

    server = await asyncio.start_server(busy, "127.0.0.1", 0)
    async with server:
        outcome = await channel_to(server.sockets[0].getsockname()[1]).send(make_alert(), attempt)
    assert isinstance(outcome, Retry)
    assert "421 4.3.2 try later" in outcome.reason


async def test_recipients_refused_among_others_are_named_singly_in_a_delivery(postbox, plain_port, make_alert, attempt):
    postbox.answers["team@example.com"] = "550 5.1.1 no such user"
    outcome = await channel_to(plain_port).send(make_alert(), attempt)
    assert outcome == Delivered("refused team@example.com: 550 5.1.1 no such user")
    assert len(postbox.mails) == 1


async def test_all_recipients_refused_is_final_unless_one_refusal_passes(postbox, plain_port, make_alert, attempt):
    for second, kind in (("550 5.1.1 unknown", Rejected), ("450 4.2.1 greylisted", Retry)):
        postbox.answers = {"ops@example.com": "550 5.1.1 unknown", "team@example.com": second}
        outcome = await channel_to(plain_port).send(make_alert(), attempt)
        assert outcome == kind(f"refused ops@example.com: 550 5.1.1 unknown; team@example.com: {second}")


async def test_a_wrong_password_is_final_and_not_repeated(postbox, starttls_port, ca_file, make_alert, attempt):
    outcome = await channel_to(starttls_port, **login(ca_file, "wrong-canary")).send(make_alert(), attempt)
    assert outcome == Rejected(f"127.0.0.1:{starttls_port} refused the username or password (535)")
    assert postbox.mails == []


async def test_a_server_that_repeats_the_password_is_not_quoted_with_it(
    postbox, starttls_port, ca_file, make_alert, attempt
):
    postbox.answers["DATA"] = "554 5.7.1 bad pass-canary"
    outcome = await channel_to(starttls_port, **login(ca_file)).send(make_alert(), attempt)
    assert outcome == Rejected(f"127.0.0.1:{starttls_port} answered 554 5.7.1 bad …")


async def test_a_certificate_nobody_vouches_for_ends_before_the_login(postbox, starttls_port, make_alert, attempt):
    options = {"security": "starttls", "username": "u", "password": SecretStr("p")}
    outcome = await channel_to(starttls_port, **options).send(make_alert(), attempt)
    assert isinstance(outcome, Retry)
    assert "certificate is not trusted" in outcome.reason
    assert (postbox.logins, postbox.mails) == (0, [])


async def test_a_server_without_starttls_gets_no_mail_where_it_is_asked_for(postbox, plain_port, make_alert, attempt):
    outcome = await channel_to(plain_port, security="starttls").send(make_alert(), attempt)
    assert outcome == Rejected(
        f"127.0.0.1:{plain_port} does not offer what `security`, `username` or an address asks for"
    )
    assert postbox.mails == []


async def test_a_server_that_is_not_there_is_tried_again(closed_port, make_alert, attempt):
    outcome = await channel_to(closed_port).send(make_alert(), attempt)
    assert outcome == Retry(f"no conversation with 127.0.0.1:{closed_port}: Connection refused")


async def test_a_server_that_says_nothing_is_tried_again(make_alert, attempt):
    done = asyncio.Event()

    async def silent(_reader, writer):
        await done.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        channel = channel_to(server.sockets[0].getsockname()[1], timeout=timedelta(milliseconds=100))
        outcome = await channel.send(make_alert(), attempt)
        done.set()
    assert isinstance(outcome, Retry)
    assert outcome.reason.endswith("no answer in time")


async def test_a_server_that_hangs_up_is_tried_again(make_alert, attempt):
    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        outcome = await channel_to(server.sockets[0].getsockname()[1]).send(make_alert(), attempt)
    assert isinstance(outcome, Retry)
