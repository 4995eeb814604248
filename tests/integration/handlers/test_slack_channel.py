"""The Slack channel against a server that speaks Slack's format and keeps Slack's limits."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from aiohttp import web
from pydantic import SecretStr

from duetmind_adaptive.contracts import Delivered, Rejected, Retry
from duetmind_adaptive.event_data import ColumnEffect
from duetmind_handlers.alerts.slack import create

PATH = "/services/T0/B0/path-token"


@pytest.fixture
async def channel(receiver):
    made = create("chat", {"webhook_url": SecretStr(receiver.url(PATH))})
    yield made
    await made.close()


async def test_a_message_carries_title_sentences_and_the_event_s_id(channel, receiver, make_alert, attempt):
    alert = make_alert()
    assert await channel.send(alert, attempt) == Delivered("HTTP 200")
    [(_, body)] = receiver.got
    message = json.loads(body)
    assert receiver.paths == [PATH]
    assert message["text"] == alert.title
    assert alert.id in json.dumps(message["blocks"][-1])
    shown = "\n".join(block["text"]["text"] for block in message["blocks"][:-1])
    assert all(line in shown for line in alert.lines)


async def test_a_hostile_name_mentions_nobody(channel, receiver, make_alert, attempt):
    for name in ("<!channel>", "<@U123>", "<https://evil.example|x>"):
        await channel.send(make_alert(model=name, top=(ColumnEffect(column=name, kind="text", effect=0.5),)), attempt)
    assert all(b"<" not in body for _, body in receiver.got)


class OnePerSecond:
    """Slack's limit on a clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.free_at = 0.0
        self.refused = 0
        self.taken: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        message = await request.json()
        if self.now < self.free_at:
            self.refused += 1
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": "1"})
        self.free_at = self.now + 1
        self.taken.append(message["blocks"][-1]["elements"][0]["text"])
        return web.Response(text="ok")


async def test_a_burst_against_one_message_a_second_loses_none_when_each_wait_is_obeyed(
    receiver, channel, make_alert, attempt, monkeypatch
):
    limit = OnePerSecond()
    monkeypatch.setattr(receiver, "take", limit.take)
    async with type(receiver).serve(receiver):
        chat = create("chat", {"webhook_url": SecretStr(receiver.url(PATH))})
        for number in range(100):
            while isinstance(outcome := await chat.send(make_alert(id=f"e-{number}"), attempt), Retry):
                assert outcome.after == timedelta(seconds=1)
                limit.now += outcome.after.total_seconds()
        await chat.close()
    assert [text.rpartition(" ")[2] for text in limit.taken] == [f"e-{number}" for number in range(100)]
    assert limit.refused == 99


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_what_passes_is_tried_again(channel, receiver, make_alert, attempt, status):
    receiver.answers.append(web.Response(status=status, text="rollup_error"))
    assert await channel.send(make_alert(), attempt) == Retry(f"{receiver.url('')} answered {status} rollup_error")
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (400, "invalid_payload"),
        (403, "invalid_token"),
        (403, "action_prohibited"),
        (404, "no_service"),
        (404, "channel_not_found"),
        (410, "channel_is_archived"),
    ],
)
async def test_a_refusal_is_final_and_says_slack_s_own_code(channel, receiver, make_alert, attempt, answer):
    status, code = answer
    receiver.answers.append(web.Response(status=status, text=code))
    assert await channel.send(make_alert(), attempt) == Rejected(f"{receiver.url('')} answered {status} {code}")


async def test_an_answer_that_is_no_code_is_not_repeated(channel, receiver, make_alert, attempt):
    receiver.answers.append(web.Response(status=404, text=f"<html>no {PATH} here</html>"))
    assert await channel.send(make_alert(), attempt) == Rejected(f"{receiver.url('')} answered 404")


async def test_a_server_that_does_not_answer_is_tried_again(receiver, make_alert, attempt):
    receiver.pause = asyncio.Event()
    channel = create("chat", {"webhook_url": SecretStr(receiver.url(PATH))}, timeout=timedelta(milliseconds=100))
    assert await channel.send(make_alert(), attempt) == Retry(f"no answer within 0.1 s ({receiver.url('')})")
    await channel.close()


async def test_a_server_that_is_not_there_is_tried_again_once_per_delivery(closed_port, make_alert, attempt):
    channel = create("chat", {"webhook_url": SecretStr(f"http://127.0.0.1:{closed_port}{PATH}")})
    outcome = await channel.send(make_alert(), attempt)
    assert outcome == Retry(f"no connection: Connection refused (http://127.0.0.1:{closed_port})")
    await channel.close()
