"""`duetmind alerts test` as a process of its own, against real servers: what it says of a channel is so."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from base64 import b64encode
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from postbox import LOGIN, Postbox
from standardwebhooks import Webhook

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
ENVIRONMENT = {"HOOK_SECRET": SECRET, "SMTP_PASSWORD": LOGIN[1].decode()}


async def told(config: Path, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "duetmind_adaptive", "alerts", "test", *words, "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | ENVIRONMENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
def config(tmp_path: Path, receiver, starttls_port, ca_file) -> Path:
    mail = {
        "type": "email", "host": "127.0.0.1", "port": starttls_port, "username": LOGIN[0].decode(),
        "password": {"env": "SMTP_PASSWORD"}, "sender": "duetmind@example.com", "recipients": ["ops@example.com"],
        "ca_file": str(ca_file),
    }  # fmt: skip
    channels = {
        "log": {"type": "log"},
        "ops": {"type": "webhook", "url": receiver.url("/hook"), "secret": {"env": "HOOK_SECRET"}},
        "team": {"type": "slack", "webhook_url": {"file": "slack-url"}},
        "night": mail,
        "pager": {"type": "apprise", "url": {"file": "pager-url"}},
    }
    pager = f"json://user:path-token@127.0.0.1:{receiver.port}/pager/path-token"
    (tmp_path / "pager-url").write_text(pager, encoding="utf-8")
    (tmp_path / "slack-url").write_text(receiver.url("/services/T0/B0/path-token"), encoding="utf-8")
    path = tmp_path / "duetmind.yaml"
    path.write_text(yaml.safe_dump({"alerts": {"channels": channels}}, sort_keys=False), encoding="utf-8")
    return path


async def test_every_channel_that_works_is_said_to(config: Path, receiver, postbox: Postbox) -> None:
    status, out, err = await told(config, "--json")
    assert {each["channel"]: each["delivered"] for each in json.loads(out)["items"]} == {
        "log": True, "ops": True, "team": True, "night": True, "pager": True,
    }  # fmt: skip
    assert status == 0
    bodies = dict(zip(receiver.paths, receiver.got, strict=True))
    headers, body = bodies["/hook"]
    event = Webhook(SECRET).verify(body, headers)
    assert (event["data"]["model"], event["data"]["reason"], event["data"]["drift"]) == ("duetmind-test", "test", False)
    assert "This is a test" in bodies["/services/T0/B0/path-token"][1].decode()
    assert json.loads(bodies["/pager/path-token"][1])["title"] == "Test alert from DuetMind"
    assert postbox.logins == 1
    assert postbox.read()["Subject"].endswith("Test alert from DuetMind")
    assert "alert.test" in err, "the log channel"


async def test_what_a_channel_that_does_not_work_said_is_shown_and_the_others_are_tried(
    config: Path,
    receiver,
    postbox: Postbox,
) -> None:
    receiver.answers = [web.Response(status=500) for _ in range(3)]
    postbox.answers["ops@example.com"] = "550 no such mailbox"
    status, out, err = await told(config)
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert status == 1
    assert "delivered" in lines["log"]
    assert all("failed" in lines[name] for name in ("ops", "team", "night", "pager"))
    assert "answered 500" in lines["ops"]
    assert "550" in lines["night"]
    assert lines["pager"].endswith("JSON answered 500")
    assert not any(secret in out + err for secret in (*ENVIRONMENT.values(), "path-token"))


async def test_one_channel_is_tried_alone(config: Path, receiver) -> None:
    status, out, _ = await told(config, "ops", "--json")
    assert (status, len(json.loads(out)["items"]), receiver.paths) == (0, 1, ["/hook"])


async def test_a_channel_that_is_not_there_is_named_with_those_that_are(config: Path) -> None:
    status, out, err = await told(config, "siren")
    assert (status, out) == (2, "")
    assert err.endswith("has no alert channel 'siren'; there are: log, ops, team, night, pager\n")
