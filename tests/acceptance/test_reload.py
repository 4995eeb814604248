"""SIGHUP: what is valid is applied without losing anything, what is not leaves the old config in force and is told."""

from __future__ import annotations

import signal
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, World, model_settings
from stories import Story

from duetmind_adaptive.cli.demo.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on loopback."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def served(trained: World, receiver: Receiver) -> Iterator[LiveDaemon]:
    """A daemon that has checked one window."""
    trained.let_in()
    with LiveDaemon(trained.config, trained.port, {"OPS_SECRET": receiver.secret}) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.model(MODEL)["last_check"] and daemon.idle(), "a check")
        yield daemon


def reload(daemon: LiveDaemon, said: str = "config.reloaded") -> dict[str, Any]:
    """Send SIGHUP and return the line that the daemon logs of it."""

    def lines() -> list[dict[str, Any]]:
        return [line for line in daemon.log_lines() if line["event"] == said]

    before = len(lines())
    daemon.signal(signal.SIGHUP)
    daemon.wait_for(lambda: len(lines()) > before, said)
    return lines()[-1]


def metrics(daemon: LiveDaemon) -> str:
    with urllib.request.urlopen(f"{daemon.url}/metrics") as answer:
        return answer.read().decode()


def test_a_model_that_is_added_is_trained_and_checked_beside_the_others(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    trained.models["more"] = model_settings(responses=[])
    trained.write()
    assert reload(served)["added"] == ["more"]
    served.wait_for(lambda: served.model("more")["last_check"], "the new model's check")
    assert story.one("SELECT count(*) FROM checks WHERE model = 'loans'") == 1
    assert story.one("SELECT count(*) FROM versions WHERE model = 'loans'") == 1


def test_a_model_that_is_removed_is_checked_no_more_and_remembered_when_it_comes_back(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    kept = trained.models.pop(MODEL)
    trained.models["other"] = model_settings(responses=[])
    trained.write()
    assert reload(served)["removed"] == [MODEL]
    assert MODEL not in served.get("/status")["models"]
    assert f'model="{MODEL}"' not in metrics(served)
    trained.let_in()
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks WHERE model = 'other'") == 2, "the other's checks")
    assert story.one("SELECT count(*) FROM checks WHERE model = ?", MODEL) == 1
    trained.models[MODEL] = kept
    trained.write()
    reload(served)
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks WHERE model = ?", MODEL) == 2, "the next check")
    assert story.one("SELECT count(*) FROM versions WHERE model = ?", MODEL) == 1
    assert served.model(MODEL)["champion"] == 1


def test_a_schedule_that_changed_holds_from_then_on(served: LiveDaemon, trained: World, story: Story) -> None:
    trained.models[MODEL] = model_settings(schedule={"every": "1d"})
    trained.write()
    assert reload(served)["changed"] == [MODEL]
    assert served.model(MODEL)["next_check"].endswith(("T00:00:00Z", "T00:00:00+00:00"))
    trained.models[MODEL] = model_settings()
    trained.write()
    reload(served)
    trained.let_in()
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks") == 2, "the next check")
    states = {row["state"] for row in story.rows("SELECT state FROM slots WHERE reason IS NULL AND state = 'missed'")}
    assert states == set()


def test_a_channel_that_is_added_is_told_of_what_happens_from_then_on(
    served: LiveDaemon, trained: World, receiver: Receiver
) -> None:
    trained.settings["alerts"]["channels"]["ops"] = {
        "type": "webhook",
        "url": receiver.url,
        "secret": {"env": "OPS_SECRET"},
    }
    trained.write()
    reload(served)
    trained.let_in(flipped=True, shifted=1.0)
    served.wait_for(lambda: receiver.alerts, "the alert")
    alert = next(iter(receiver.alerts.values()))
    assert alert["type"] == "duetmind.drift.detected"
    assert alert["data"]["model"] == MODEL


def test_an_invalid_config_leaves_the_old_in_force_and_is_said_in_log_status_and_metric(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    good = trained.config.read_text()
    trained.config.write_text(good.replace('"binary"', '"guess"'))
    line = reload(served, "config.reload_refused")
    assert "guess" in line["error"]
    assert line["level"] == "error"
    assert "guess" in served.get("/status")["config"]["error"]
    text = metrics(served)
    assert "duetmind_config_reload_success 0.0" in text
    assert 'duetmind_config_reloads_total{result="refused"} 1.0' in text
    assert served.is_ready()
    trained.let_in()
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks") == 2, "a check by the old config")
    trained.config.write_text(good)
    reload(served)
    assert served.get("/status")["config"]["error"] is None
    assert "duetmind_config_reload_success 1.0" in metrics(served)


def test_what_takes_a_restart_is_said_and_waits_for_it(served: LiveDaemon, trained: World) -> None:
    url = served.url
    trained.settings["http"] = {"port": trained.port + 1}
    trained.write()
    assert reload(served)["needs_restart"] == ["http"]
    assert served.url == url
    assert served.get("/status")["config"]["restart_needed"] == ["http"]


def test_a_channel_that_cannot_be_made_is_off_and_said_and_the_rest_goes_on(world: World, daemon: LiveDaemon) -> None:
    world.settings["alerts"]["channels"]["ops"] = {
        "type": "webhook",
        "url": "https://example.com/hook",
        "secret": {"env": "NOT_SET_ANYWHERE"},
    }
    world.write()
    daemon.start()
    warnings = daemon.get("/status")["config"]["warnings"]
    assert any("ops" in warning and "NOT_SET_ANYWHERE" in warning for warning in warnings)
    assert any(line["event"] == "config.warning" and "ops" in line["message"] for line in daemon.log_lines())
