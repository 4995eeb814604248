"""A daemon whose jobs run on a Ray cluster: the same events, logs, cancel and results as without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, World

pytestmark = pytest.mark.ray

STEPS = """
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def where():
    print("this is printed on the cluster")
    return os.getpid()

def wait(pid):
    (HERE / "waiting").write_text(str(os.getpid()))
    time.sleep(300)
"""
WORKFLOWS = {
    "far": {"tasks": {"where": {"function": "far_steps:where"}}},
    "long": {"tasks": {"wait": {"function": "far_steps:wait", "args": [1]}}},
}


@pytest.fixture
def far(world: World, ray_address: str) -> World:
    """A world whose daemon is told the cluster's address."""
    world.settings["orchestration"] = {"address": ray_address}
    world.settings["workflows"] = WORKFLOWS
    world.write()
    (world.folder / "far_steps.py").write_text(STEPS, encoding="utf-8")
    return world


def test_a_first_version_is_trained_on_the_cluster(daemon: LiveDaemon, far: World) -> None:
    daemon.start()
    daemon.wait_for(lambda: daemon.get("/status")["models"][MODEL]["champion"] == 1, "the first version")
    (job,) = daemon.get("/api/v1/jobs")["items"]
    assert (job["kind"], job["state"]) == ("retrain", "succeeded")


def test_a_workflow_s_task_runs_there_and_its_output_is_kept_here(
    daemon: LiveDaemon, far: World, duetmind: Callable[..., Any]
) -> None:
    far.models.clear()
    far.write()
    daemon.start()
    run = json.loads(duetmind("workflows", "start", "far", "--config", far.config, "--json").out)["id"]
    daemon.wait_for(lambda: daemon.get(f"/api/v1/workflows/{run}")["state"] == "succeeded", "the run's end")
    (task,) = daemon.get(f"/api/v1/workflows/{run}")["tasks"]
    logs = duetmind("jobs", "logs", task["job"], "--config", far.config)
    assert logs.out == "this is printed on the cluster\n"
    kinds = [event["type"] for event in daemon.get("/api/v1/events")["items"]]
    assert [kind for kind in kinds if "job" in kind] == [
        "duetmind.job.progressed",
        "duetmind.job.succeeded",
        "duetmind.job.started",
    ]


def test_a_cancelled_job_s_process_on_the_cluster_is_dead_when_it_is_answered(
    daemon: LiveDaemon, far: World, duetmind: Callable[..., Any]
) -> None:
    far.models.clear()
    far.write()
    daemon.start()
    duetmind("workflows", "start", "long", "--config", far.config)
    mark = far.folder / "waiting"
    daemon.wait_for(lambda: mark.exists() and bool(mark.read_text()), "the task")
    (job,) = daemon.get("/api/v1/jobs")["items"]
    assert job["granted"]["cpu"] == 1
    assert duetmind("jobs", "cancel", job["id"], "--config", far.config).status == 0
    assert not psutil.pid_exists(int(mark.read_text()))
