"""An incident's life in a real daemon: told, taken on, silenced, explained; over a SIGKILL as well."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from live_daemon import LiveDaemon
from live_worlds import MODEL, World


def incident(daemon: LiveDaemon) -> dict[str, Any] | None:
    items = daemon.get("/api/v1/incidents")["items"]
    return items[0] if items else None


def reasons(daemon: LiveDaemon) -> list[str]:
    return [event["data"]["reason"] for event in daemon.events("duetmind.alert.suppressed")]


def test_an_incident_is_silenced_taken_on_and_explained(
    world: World, daemon: LiveDaemon, duetmind: Callable[..., Any]
) -> None:
    world.settings["alerts"] = {
        "group_wait": "1s",
        "channels": {"log": {"type": "log"}, "night": {"type": "log"}},
        "routes": [{"match": {"severity": ["low", "medium", "high", "critical"]}, "channels": ["log"]}],
    }
    world.models[MODEL]["responses"] = []
    world.write()
    daemon.start()
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"] == 1, "the first version")
    said = duetmind("silence", MODEL, "--for", "1h", "--reason", "backfill", "--config", world.config)
    assert (said.status, f"nobody is told of {MODEL} until" in said.out) == (0, True)
    world.let_in(shifted=3.0)
    daemon.wait_for(lambda: incident(daemon), "the incident")
    found = incident(daemon)
    assert found is not None
    explained = json.loads(duetmind("incidents", "explain", found["id"], "--config", world.config, "--json").out)
    states = {each["channel"]: each["state"] for each in explained["channels"]}
    assert states["night"] == "not sent"
    assert next(each["reason"] for each in explained["channels"] if each["channel"] == "night") == "no route takes it"
    daemon.kill()
    daemon.start()
    assert not daemon.events("duetmind.alert.delivered"), "the silence outlives the process"
    assert duetmind("unsilence", MODEL, "--config", world.config).status == 0
    daemon.wait_for(lambda: daemon.events("duetmind.alert.delivered"), "the message after the silence")
    taken = duetmind("incidents", "ack", found["id"], "--by", "ann", "--note", "known", "--config", world.config)
    assert (taken.status, taken.out) == (0, f"{found['cause']} of {MODEL} is taken on by ann\n")
    done = duetmind("audit", "--config", world.config).out
    for words in (f"models/{MODEL}/silence", "backfill", "acknowledge", "ann", "known"):
        assert words in done
    told = duetmind("incidents", "explain", found["id"], "--config", world.config).out
    for words in ("drift.detected", "first_drift", "taken on by ann", "known", "log", "delivered"):
        assert words in told


def test_what_is_not_there_or_is_no_duration_is_one_sentence(
    world: World, daemon: LiveDaemon, duetmind: Callable[..., Any]
) -> None:
    daemon.start()
    for arguments, sentence in (
        (("incidents", "explain", "nothing"), "there is no incident nothing"),
        (("incidents", "ack", "nothing"), "there is no incident nothing"),
        (("silence", "nobody", "--for", "2h"), "there is no model 'nobody'"),
        (("silence", MODEL, "--for", "a while"), "duration"),
    ):
        said = duetmind(*arguments, "--config", world.config)
        assert said.status == 2
        assert sentence in said.err
        assert said.err.count("\n") == 1
