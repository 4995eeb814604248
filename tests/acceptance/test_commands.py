"""The commands as a person types them, each a process of its own, against real files and a running daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, WINDOW, World
from stories import Story

from duetmind_adaptive.cli.demo.daemon import free_port

Duetmind = Callable[..., Any]


def answer(duetmind: Duetmind, *arguments: object, status: int = 0) -> Any:
    """The JSON document that a command prints."""
    done = duetmind(*arguments, "--json")
    assert done.status == status, done.err
    return json.loads(done.out)


# ---------------------------------------------------------------- init


def test_what_init_writes_runs_as_it_is(duetmind: Duetmind, tmp_path: Path) -> None:
    """But for the port, which may be taken on this machine."""
    assert duetmind("init", tmp_path / "loans").status == 0
    config = tmp_path / "loans" / "duetmind.yaml"
    assert duetmind("config", "check", config).status == 0
    port = free_port()
    with LiveDaemon(config, port, {"DUETMIND__HTTP__PORT": str(port)}) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.model("loans")["champion"], "the first version")
        assert daemon.stop() == 0


def test_on_what_init_writes_drift_is_found_and_a_challenger_is_judged_with_a_reason(
    duetmind: Duetmind, tmp_path: Path
) -> None:
    """Its minutely schedule comes round once a second, by the `clock` section."""
    assert duetmind("init", tmp_path / "loans").status == 0
    config, port = tmp_path / "loans" / "duetmind.yaml", free_port()
    now = datetime.now(UTC).isoformat()
    text = config.read_text().replace("port: 8420", f"port: {port}")
    config.write_text(f"{text}\nclock: {{speed: 60, start: '{now}', anchor: '{now}'}}\n")
    with LiveDaemon(config, port) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.events("model.promoted"), "the first version")
        daemon.wait_for(lambda: daemon.events("drift.detected"), "drift")
        requested = daemon.wait_for(
            lambda: [e for e in daemon.events("retrain.requested") if not initial(e)], "a retrain"
        )
        judged = daemon.wait_for(
            lambda: [e for e in verdicts(daemon) if e["data"]["gate"]], "a verdict on a challenger"
        )
        assert requested[0]["data"]["reason"] == "metric_degraded"
        assert judged[0]["data"]["message"]
        assert judged[0]["data"]["reason"] in {"gate_passed", "gate_failed"}
        assert daemon.stop() == 0


def initial(event: dict[str, Any]) -> bool:
    return event["data"]["reason"] == "initial"


def verdicts(daemon: LiveDaemon) -> list[dict[str, Any]]:
    return daemon.events("model.promoted") + daemon.events("model.rejected")


# ---------------------------------------------------------------- check


def test_check_exits_0_on_calm_rows_and_1_on_drift(duetmind: Duetmind, trained: World) -> None:
    trained.let_in()
    calm = answer(duetmind, "check", MODEL, "--config", trained.config)
    assert calm["drift"] is False
    assert calm["severity"] == "none"
    assert calm["version"] == 1
    trained.let_in(shifted=2.0, flipped=True)
    found = answer(duetmind, "check", MODEL, "--config", trained.config, status=1)
    assert found["drift"] is True
    assert set(found["kinds"]) >= {"data", "model"}
    assert found["window"]["first_row"] == WINDOW
    assert found["window"]["rows"] == WINDOW
    assert found["columns"]["income"]["drift"] is True
    assert {"kind", "drift", "effect", "tests", "quality"} <= found["columns"]["income"].keys()
    assert set(found["schema"]) >= {"missing_columns", "new_columns", "type_changes"}
    assert found["metric"] < found["metric_reference"]


def test_check_without_a_champion_makes_one_for_this_look_and_writes_nothing(duetmind: Duetmind, world: World) -> None:
    world.let_in()
    before = sorted(world.folder.rglob("*"))
    assert answer(duetmind, "check", MODEL, "--config", world.config)["drift"] is False
    assert sorted(world.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("check", "nobody"), "nobody"), (("check", MODEL), "no complete window"), (("backtest",), "no complete window")],
)
def test_what_cannot_be_done_exits_2_with_one_line(
    arguments: tuple[str, ...], said: str, duetmind: Duetmind, world: World
) -> None:
    world.let_in(WINDOW - 1)
    done = duetmind(*arguments, "--config", world.config)
    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


# ---------------------------------------------------------------- a running daemon


def test_status_models_events_jobs_and_incidents_show_what_the_daemon_holds(
    duetmind: Duetmind, served: LiveDaemon, trained: World, story: Story
) -> None:
    trained.let_in(purposes=("car", "home"))
    served.wait_for(lambda: served.model(MODEL)["open_incident"] and served.idle(), "an incident")
    at = ("--config", trained.config)
    assert answer(duetmind, "status", *at)["models"][MODEL]["champion"] == 1
    (model,) = answer(duetmind, "models", *at)["items"]
    assert (model["name"], model["champion"], model["severity"] != "none") == (MODEL, 1, True)
    events = answer(duetmind, "events", *at, "--limit", 1000)["items"]
    assert [event["id"] for event in events] == [event["id"] for event in reversed(story.events())]
    (incident,) = answer(duetmind, "incidents", *at)["items"]
    assert {"id", "model", "cause", "severity", "state", "opened", "resolved"} <= incident.keys()
    assert (incident["cause"], incident["state"]) == ("data", "open")
    jobs = answer(duetmind, "jobs", *at)["items"]
    assert {"id", "kind", "model", "state"} <= jobs[0].keys()
    assert [job["state"] for job in jobs] == ["succeeded"]
    for command in ("status", "models", "events", "incidents", "jobs"):
        assert MODEL in duetmind(command, *at).out


def test_lists_page_backwards_through_everything_once(duetmind: Duetmind, served: LiveDaemon, trained: World) -> None:
    at, cursor, seen = ("--config", trained.config), None, list[str]()
    before = [event["id"] for event in reversed(served.events())]
    while cursor is not None or not seen:
        more = () if cursor is None else ("--cursor", cursor)
        page = answer(duetmind, "events", *at, "--limit", 3, *more)
        assert len(page["items"]) <= 3
        seen += [event["id"] for event in page["items"]]
        cursor = page["next"]
    assert seen[-len(before) :] == before  # the schedule may have added newer ones meanwhile
    assert len(set(seen)) == len(seen)


def test_retrain_promote_and_rollback_act_and_the_link_follows(
    duetmind: Duetmind, served: LiveDaemon, trained: World, story: Story
) -> None:
    at = ("--config", trained.config)
    link = trained.folder / "state" / "models" / MODEL / "champion"
    first = link.readlink()
    trained.let_in()
    served.wait_for(lambda: served.model(MODEL)["last_check"], "labelled rows to judge a challenger on")
    request = answer(duetmind, "retrain", MODEL, *at)["request"]
    served.wait_for(lambda: story.one("SELECT state FROM jobs WHERE id = ?", request) == "succeeded", "the retrain")
    served.wait_for(served.idle, "its end")
    version = story.one("SELECT version FROM versions WHERE job = ?", request)
    assert version == 2
    assert served.model(MODEL)["champion"] == 1, "as good as the champion is not better"
    assert answer(duetmind, "promote", MODEL, 2, *at)["previous"] == 1
    assert served.model(MODEL)["champion"] == 2
    assert link.readlink() != first
    assert answer(duetmind, "rollback", MODEL, *at) | {"reason": ""} == {
        "model": MODEL,
        "version": 1,
        "previous": 2,
        "reason": "",
    }
    assert link.readlink() == first
    assert answer(duetmind, "rollback", MODEL, "--to", 2, *at)["version"] == 2
    assert [event["data"]["version"] for event in story.events("duetmind.model.rolled_back")] == [1, 2]
    refused = duetmind("rollback", MODEL, "--to", 9, *at)
    assert refused.status == 2
    assert "no version 9" in refused.err


def test_a_daemon_that_is_not_there_is_said_in_one_line(duetmind: Duetmind, trained: World) -> None:
    done = duetmind("status", "--config", trained.config)
    assert done.status == 2
    assert str(trained.port) in done.err
    assert done.err.count("\n") == 1


# ---------------------------------------------------------------- backtest


#: how each window differs from the reference: calm at first, then the world turns round and stays so
STREAM = [{}, {}, *[{"flipped": True, "shifted": 0.5}] * 6]


def test_backtest_prints_the_contracts_document(duetmind: Duetmind, trained: World) -> None:
    for drift in STREAM[1:4]:
        trained.let_in(**drift)
    before = sorted(trained.folder.rglob("*"))
    document = answer(duetmind, "backtest", "--config", trained.config, status=1)
    assert sorted(trained.folder.rglob("*")) == before, "a backtest writes nothing"
    assert document["model"] == MODEL
    assert document["metric"] == "accuracy"
    window = {"start", "end", "rows", "metric", "metric_static", "drift", "kinds", "alerts", "actions", "version"}
    assert all(window <= each.keys() for each in document["windows"])
    summary = {"metric", "metric_static", "alerts", "retrains", "promotions", "rollbacks", "seconds"}
    assert summary <= document["summary"].keys()
    assert [each["drift"] for each in document["windows"]] == [False, True, True]
    assert document["windows"][1]["metric"] == document["windows"][1]["metric_static"]


def test_a_backtest_decides_window_by_window_as_the_daemon_did(
    duetmind: Duetmind, served: LiveDaemon, trained: World, story: Story
) -> None:
    """The daemon lives through the stream, each window let in once all is done that follows from the one before."""
    for index, drift in enumerate(STREAM):
        trained.let_in(**drift)
        served.wait_for(lambda n=index + 1: story.one("SELECT count(*) FROM checks") == n, f"check {index}")
        served.wait_for(lambda: not story.open_work(), "what follows from it")
    assert served.stop() == 0
    replayed = answer(duetmind, "backtest", "--config", trained.config, status=1)
    lived, again = daemons_decisions(story), backtests_decisions(replayed)
    assert again == lived
    assert any("promoted" in window["actions"] for window in lived), "nothing happened that could differ"


def daemons_decisions(story: Story) -> list[dict[str, Any]]:
    """Per window: what the daemon found, did and served it with."""
    decided: list[dict[str, Any]] = []
    actions = {
        "duetmind.retrain.requested": "retrain",
        "duetmind.model.promoted": "promoted",
        "duetmind.model.rejected": "rejected",
    }
    for event in story.events():
        data = event["data"]
        if event["type"] == "duetmind.check.completed":
            decided.append({key: data[key] for key in ("drift", "kinds", "metric", "version")} | {"actions": []})
        elif event["type"] in actions and decided:
            decided[-1]["actions"].append(actions[event["type"]])
    return decided


def backtests_decisions(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Per window, the same of a replay."""
    return [{key: w[key] for key in ("drift", "kinds", "metric", "version", "actions")} for w in document["windows"]]


def test_a_backtest_page_shows_the_loop_beside_every_window_and_every_act_with_its_reason(
    duetmind: Duetmind, trained: World
) -> None:
    trained.let_in(flipped=True)
    trained.let_in(flipped=True)
    page = trained.folder.parent / "loop.html"
    assert duetmind("backtest", "--config", trained.config, "--html", page).status == 1
    text = page.read_text()
    for words in ("retrained every window", "retrain requested: metric degraded", "alerts a week", "first drift"):
        assert words in text


def test_two_policies_stand_side_by_side_and_one_is_suggested(duetmind: Duetmind, trained: World) -> None:
    trained.let_in(flipped=True)
    trained.let_in(flipped=True)
    other = trained.folder / "watches.yaml"
    settings = json.loads(trained.config.read_text())
    settings["models"][MODEL]["responses"] = []
    other.write_text(json.dumps(settings))
    document = answer(duetmind, "backtest", "--compare", trained.config, other, status=1)
    acts, watches = document["policies"]
    assert acts["summary"]["retrains"] > watches["summary"]["retrains"] == 0
    assert acts["summary"]["metric_static"] == watches["summary"]["metric_static"]
    shown = duetmind("backtest", "--compare", trained.config, other)
    assert (shown.status, shown.out.count("watches.yaml")) == (1, 1)
    suggested = answer(duetmind, "backtest", "--config", trained.config, "--suggest")
    assert suggested["suggested"] in [each["settings"] for each in suggested["tried"]]
    assert len(suggested["tried"]) > 3


def test_what_a_backtest_cannot_combine_is_one_sentence(duetmind: Duetmind, trained: World) -> None:
    for arguments in ((), ("--config", trained.config, "--compare", trained.config, trained.config)):
        said = duetmind("backtest", *arguments)
        assert (said.status, "give --config FILE, or --compare A B" in said.err) == (2, True)
