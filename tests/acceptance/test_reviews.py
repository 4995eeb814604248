"""A model that asks first: the question reaches people, the first answer counts, and a yes retrains."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from live_daemon import LiveDaemon
from live_worlds import MODEL, World


def question(daemon: LiveDaemon) -> dict[str, Any] | None:
    items = daemon.get("/api/v1/reviews")["items"]
    return items[0] if items else None


def trained(daemon: LiveDaemon) -> int:
    return sum(job["state"] == "succeeded" for job in daemon.get("/api/v1/jobs?limit=100")["items"])


def test_a_yes_retrains_once_and_a_second_answer_is_refused(
    world: World, daemon: LiveDaemon, duetmind: Callable[..., Any]
) -> None:
    world.models[MODEL]["mode"] = "suggest"
    world.write()
    daemon.start()
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"] == 1, "the first version")
    world.let_in(flipped=True)
    daemon.wait_for(lambda: question(daemon), "the question")
    asked = question(daemon)
    assert asked is not None
    assert (asked["state"], asked["subject"], asked["model"]) == ("open", "retrain_model", MODEL)
    daemon.wait_for(lambda: any(line["event"] == "alert.review" for line in daemon.log_lines()), "the alert")
    world.let_in(flipped=True)
    daemon.kill()
    daemon.start()
    assert trained(daemon) == 1, "nothing is retrained before somebody says so"
    assert asked["id"] in duetmind("reviews", "--config", world.config).out
    said = duetmind("review", "approve", asked["id"], "--by", "ann", "--config", world.config)
    assert (said.status, said.out) == (0, f"retrain_model of {MODEL} is approved\n")
    again = duetmind("review", "reject", asked["id"], "--config", world.config)
    assert (again.status, "it was approved by ann" in again.err) == (2, True)
    daemon.wait_for(lambda: trained(daemon) == 2, "the retrain")
    listed = json.loads(duetmind("reviews", "--config", world.config, "--json").out)["items"]
    assert [(item["state"], item["by"]) for item in listed if item["id"] == asked["id"]] == [("approved", "ann")]
    (told,) = daemon.events("duetmind.review.approved")
    assert (told["data"]["review"], told["data"]["by"]) == (asked["id"], "ann")
