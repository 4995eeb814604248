"""A pause in the real daemon: it stops what runs and what would, outlives a kill, and what waited goes on after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from live_daemon import LiveDaemon
from live_worlds import MODEL, World


def suppressed(daemon: LiveDaemon) -> list[str]:
    return [event["data"]["reason"] for event in daemon.events("duetmind.retrain.suppressed")]


def retrains(daemon: LiveDaemon) -> dict[str, int]:
    """How many retrains are in which state."""
    states = [job["state"] for job in daemon.get("/api/v1/jobs?limit=100")["items"]]
    return {state: states.count(state) for state in set(states)}


def test_a_pause_holds_over_a_kill_and_what_the_policy_would_do_is_said(
    world: World, daemon: LiveDaemon, duetmind: Callable[..., Any]
) -> None:
    daemon.start()
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"] == 1, "the first version")
    paused = duetmind("pause", "--reason", "a migration", "--config", world.config)
    assert paused.status == 0, paused.err
    world.let_in(flipped=True)
    daemon.wait_for(lambda: "paused" in suppressed(daemon), "the policy's word")
    daemon.kill()
    daemon.start()
    assert daemon.get("/status")["paused"]["reason"] == "a migration"
    assert "acting is paused since" in duetmind("status", "--config", world.config).out
    asked = duetmind("retrain", MODEL, "--config", world.config)
    assert (asked.status, "acting is paused" in asked.err) == (2, True)
    before = len(suppressed(daemon))
    world.let_in(flipped=True)
    daemon.wait_for(lambda: len(suppressed(daemon)) > before, "another word after the restart")
    assert retrains(daemon) == {"succeeded": 1}
    assert duetmind("resume", "--config", world.config).out == "acting again\n"
    world.let_in(flipped=True)
    daemon.wait_for(lambda: retrains(daemon).get("succeeded", 0) >= 2, "the retrain after the pause")


def test_a_training_under_way_goes_back_to_the_queue_and_ends_after_the_pause(
    world: World, daemon: LiveDaemon, duetmind: Callable[..., Any]
) -> None:
    daemon.start()
    daemon.wait_for(lambda: daemon.get("/status")["jobs"]["running"], "a training")
    assert duetmind("pause", "--config", world.config).status == 0
    assert retrains(daemon) in ({"queued": 1}, {"succeeded": 1}), "nothing runs once the pause is answered"
    if retrains(daemon) == {"queued": 1}:
        assert daemon.model(MODEL)["champion"] is None
    duetmind("resume", "--config", world.config)
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"] == 1, "the first version after the pause")
