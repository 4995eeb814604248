"""The apprise channel against a real HTTP server: what it sends, every way of failing, and what it keeps to itself."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from duetmind_adaptive.contracts import Delivered, Retry
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.event_data import ColumnEffect
from duetmind_adaptive.events import DriftDetected, DriftResolved
from duetmind_handlers.alerts.apprise import create

TOKEN = "canary-of-the-url"


def channel_to(port, *, scheme="json", path=f"/{TOKEN}?-key={TOKEN}", **options):
    url = f"{scheme}://user:{TOKEN}@127.0.0.1:{port}{path}"
    return create("pager", {"url": SecretStr(url)}, **options)


async def test_a_service_gets_every_sentence_and_the_ids(receiver, make_alert, attempt):
    alert = make_alert()
    assert await channel_to(receiver.port).send(alert, attempt) == Delivered("taken by JSON")
    [(headers, body)] = receiver.got
    said = json.loads(body)
    assert said["title"] == alert.title
    assert said["message"].splitlines() == [*alert.lines, f"incident {alert.incident}", f"alert {alert.id}"]
    assert receiver.paths == [f"/{TOKEN}?key={TOKEN}"]
    assert "authorization" in headers


@pytest.mark.parametrize(
    ("alerting", "told"),
    [
        ((DriftDetected, "high"), "failure"),
        ((DriftDetected, "low"), "warning"),
        ((DriftResolved, "high"), "success"),
    ],
)
async def test_a_service_that_knows_kinds_is_told_which_it_is(receiver, make_alert, attempt, alerting, told):
    kind, severity = alerting
    await channel_to(receiver.port).send(make_alert(kind, severity=severity), attempt)
    assert json.loads(receiver.got[0][1])["type"] == told


async def test_hostile_names_are_text_in_markup_and_call_nobody(receiver, make_alert, attempt):
    name = "</Message><x>&\n@everyone"
    alert = make_alert(model=name, top=(ColumnEffect(column=name, kind="text", effect=0.5),))
    assert await channel_to(receiver.port, scheme="xml").send(alert, attempt) == Delivered("taken by XML")
    body = receiver.got[0][1].decode()
    assert body.count("<Message>") == body.count("</Message>") == 1
    assert "<x>" not in body
    assert "@everyone" not in body


async def test_200_drifted_columns_are_one_message_that_fits_the_service(receiver, make_alert, attempt):
    top = tuple(ColumnEffect(column=f"{n}" * 40, kind="numeric", effect=0.5, words="w" * 390) for n in range(200))
    receiver.answers.append(web.json_response({"result": True}))
    outcome = await channel_to(receiver.port, scheme="enigma2", path="").send(
        alert := make_alert(top=top, columns=200, drifted=200), attempt
    )
    assert outcome == Delivered("taken by Enigma2")
    [path] = receiver.paths
    text = parse_qs(urlsplit(path).query)["text"][0]
    assert len(text) <= 1_000, "what Enigma2 takes"
    assert text.startswith(alert.title)
    assert "more lines\n" in text
    assert text.endswith(alert.id)


@pytest.mark.parametrize("status", [307, 400, 401, 404, 410, 429, 500, 503])
async def test_whatever_is_no_yes_is_tried_again_and_its_status_said(receiver, make_alert, attempt, status):
    receiver.answers.append(web.Response(status=status, headers={"Location": receiver.url("/elsewhere")}))
    assert await channel_to(receiver.port).send(make_alert(), attempt) == Retry(f"JSON answered {status}")
    assert len(receiver.got) == 1, "neither a second try nor a redirect is followed"


async def test_a_service_that_is_not_there_is_tried_again(closed_port, make_alert, attempt):
    outcome = await channel_to(closed_port).send(make_alert(), attempt)
    assert outcome == Retry("JSON did not take it; Apprise does not say why")


async def test_a_service_that_hangs_is_not_waited_for_and_gets_one_message_at_a_time(receiver, make_alert, attempt):
    receiver.pause = asyncio.Event()
    channel = channel_to(receiver.port, path=f"/{TOKEN}?rto=120", timeout=timedelta(milliseconds=200))
    assert await channel.send(make_alert(), attempt) == Retry("no answer from JSON within 0.2 s")
    assert await channel.send(make_alert(), attempt) == Retry("JSON has not answered the try before this one yet")
    assert len(receiver.got) <= 1
    receiver.pause.set()
    thread = channel._running
    await asyncio.to_thread(thread.join, 60)
    patient = channel_to(receiver.port)
    assert await patient.send(make_alert(), attempt) == Delivered("taken by JSON")


async def test_a_hanging_try_does_not_keep_the_program_from_ending():
    """A stop of the daemon waits for no service."""
    code = (
        "import asyncio, sys; from datetime import timedelta; from duetmind_handlers.alerts.aside import call_aside\n"
        "import threading\n"
        "async def main():\n"
        "    _, answer = call_aside(threading.Event().wait, name='hangs')\n"
        "    try:\n        await answer(timedelta(milliseconds=1))\n"
        "    except TimeoutError:\n        print('gave up')\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (out.decode(), err.decode(), process.returncode) == ("gave up\n", "", 0)


@pytest.fixture
def everything_said(capfd):
    """What reaches the root logger's handlers at every level, and what is printed, as one text."""
    lines = []

    class Keeper(logging.Handler):
        def emit(self, record):
            if not record.name.startswith("aiohttp"):  # the receiver's own
                lines.append(f"{record.name} {record.getMessage()} {record.args}")

    root, keeper = logging.getLogger(), Keeper()
    before = root.level
    root.addHandler(keeper)
    root.setLevel(1)
    yield lambda: "".join([*lines, *capfd.readouterr()])
    root.setLevel(before)
    root.removeHandler(keeper)


async def test_no_part_of_the_url_is_logged_or_told_at_any_level(
    receiver, closed_port, make_alert, attempt, everything_said
):
    shown = ""
    with capture_logs() as events:
        for port, status in ((receiver.port, 200), (receiver.port, 403), (closed_port, 0)):
            receiver.answers.append(web.Response(status=status or 200, text=TOKEN))
            channel = channel_to(port)
            shown += f"{await channel.send(make_alert(), attempt)!r} {channel!r} {vars(channel)}"
            shown += repr(vars(channel._service))
    logged = everything_said() + repr(events)
    assert TOKEN in receiver.paths[0]
    assert events, "our own line, which names the channel"
    assert TOKEN not in shown + logged


@pytest.mark.parametrize("url", [f"nosuch://{TOKEN}", TOKEN, f"discord://{TOKEN}", f"json://{TOKEN}:port:port/"])
def test_a_url_that_apprise_cannot_use_is_one_sentence_without_it(url, capfd):
    with pytest.raises(ConfigError) as refused:
        create("pager", {"url": SecretStr(url)})
    said = "".join(traceback.format_exception(refused.value)) + "".join(capfd.readouterr())
    assert str(refused.value).startswith("alerts.channels.pager: `url`: is not a URL that Apprise can use here")
    assert TOKEN not in said
    assert "\n" not in str(refused.value)


def test_a_url_that_was_written_into_the_config_is_refused(capfd):
    with pytest.raises(ConfigError, match=r"`url`: holds tokens; give \{env: NAME\}") as refused:
        create("pager", {"url": f"json://localhost/{TOKEN}"})
    assert TOKEN not in str(refused.value) + "".join(capfd.readouterr())


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.delitem(sys.modules, "duetmind_handlers.alerts.apprise_service", raising=False)
    with pytest.raises(ConfigError) as refused:
        create("pager", {"url": SecretStr("json://localhost")})
    assert str(refused.value) == (
        "alerts.channels.pager: Apprise is not installed: pip install 'duetmind-adaptive[apprise]'"
    )


async def test_a_service_whose_code_fails_is_tried_again_without_its_words(receiver, make_alert, attempt, monkeypatch):
    channel = channel_to(receiver.port)

    def fails(_alert):
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(channel._service, "tell", fails)
    assert await channel.send(make_alert(), attempt) == Retry("Apprise failed at JSON: RuntimeError")
