"""Slack by a bot's token, against a server that speaks its methods: one message an incident, turns in its thread."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from pydantic import SecretStr

from duetmind_adaptive.contracts import Delivered, Rejected, Retry
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.events import DriftUpdated
from duetmind_handlers.alerts.slack import create

TOKEN = "xoxb-canary-token"
TS = "1712345678.000100"


@pytest.fixture
async def bot(receiver):
    options = {"bot_token": SecretStr(TOKEN), "channel": "C042", "api_url": receiver.url("/api/")}
    made = create("chat", options)
    yield made
    await made.close()


def says(error="", status=200, **headers):
    document = {"ok": not error, "ts": TS, **({"error": error} if error else {})}
    return web.json_response(document, status=status, headers=headers)


def calls(receiver):
    return [
        (path.rpartition("/")[2], json.loads(body))
        for path, (_, body) in zip(receiver.paths, receiver.got, strict=True)
    ]


async def test_an_opening_is_a_message_whose_handle_comes_back(bot, receiver, make_alert, attempt):
    receiver.answers = [says()]
    assert await bot.send(make_alert(), attempt) == Delivered(TS)
    ((method, body),) = calls(receiver)
    assert (method, body["channel"]) == ("chat.postMessage", "C042")
    assert receiver.got[0][0]["authorization"] == f"Bearer {TOKEN}"


async def test_a_later_turn_edits_that_message_and_is_said_in_its_thread(bot, receiver, make_alert, attempt):
    receiver.answers = [says(), says()]
    alert = replace(make_alert(DriftUpdated, severity="critical"), handle=TS)
    assert await bot.send(alert, attempt) == Delivered(TS)
    (first, edited), (second, told) = calls(receiver)
    assert (first, edited["ts"]) == ("chat.update", TS)
    assert (second, told["thread_ts"]) == ("chat.postMessage", TS)
    assert told["text"].startswith("updated: Severity critical")
    assert "blocks" not in told


async def test_a_message_that_somebody_deleted_is_written_anew(bot, receiver, make_alert, attempt):
    receiver.answers = [says("message_not_found"), says()]
    assert await bot.send(replace(make_alert(), handle=TS), attempt) == Delivered(TS)
    assert [method for method, _ in calls(receiver)] == ["chat.update", "chat.postMessage"]


@pytest.mark.parametrize("error", ["invalid_auth", "token_expired", "channel_not_found"])
async def test_an_expired_token_or_a_lost_channel_is_final_and_named(bot, receiver, make_alert, attempt, error):
    receiver.answers = [says(error)]
    outcome = await bot.send(make_alert(), attempt)
    assert isinstance(outcome, Rejected)
    assert outcome.reason.endswith(f"answered 200 {error}")
    assert TOKEN not in outcome.reason


async def test_a_rate_limit_is_a_wait_and_never_a_sleep(bot, receiver, make_alert, attempt):
    receiver.answers = [says("ratelimited", 429, **{"Retry-After": "7"})]
    outcome = await bot.send(make_alert(), attempt)
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "give it, or `bot_token` and `channel`"),
        ({"bot_token": SecretStr(TOKEN)}, "bot_token needs channel"),
    ],
)
def test_what_is_missing_is_named(options, says):
    with pytest.raises(ConfigError, match=says):
        create("chat", options)
