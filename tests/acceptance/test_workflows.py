"""Workflows of a config in the real daemon: run, killed in the middle, gone on with, asked for and cancelled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from live_daemon import LiveDaemon
from live_worlds import World

WORKFLOWS = {
    "nightly": {
        "tasks": {
            "load": {"function": "steps:load", "args": [5]},
            "slow": {"function": "steps:wait_for_leave", "args": [{"result_of": "load"}]},
            "count": {"command": ["wc", "-l", "steps.py"]},
            "total": {"function": "steps:total", "args": [{"result_of": "slow"}, {"result_of": "count"}]},
        }
    },
    "often": {"schedule": {"every": "1s"}, "tasks": {"tick": {"command": ["true"]}}},
}
STEPS = """
import time
from pathlib import Path

HERE = Path(__file__).parent

def load(rows):
    print(f"{rows} rows are loaded")
    with (HERE / "loads").open("a") as file:
        file.write("x")
    return list(range(rows))

def wait_for_leave(values):
    (HERE / "waiting").touch()
    while not (HERE / "leave").exists():
        time.sleep(0.02)
    return values

def total(values, counted):
    return {"total": sum(values), "counted": counted.split()[0]}
"""


def prepare(world: World) -> Path:
    """A world without models, with the workflow."""
    world.models.clear()
    world.settings["workflows"] = WORKFLOWS
    world.write()
    (world.folder / "steps.py").write_text(STEPS)
    return world.folder


def run_of(daemon: LiveDaemon, run: str) -> dict[str, Any]:
    return daemon.get(f"/api/v1/workflows/{run}")


def test_a_run_goes_on_after_sigkill_without_running_again_what_had_succeeded(
    daemon: LiveDaemon, world: World, duetmind: Callable[..., Any]
) -> None:
    folder = prepare(world)
    daemon.start()
    begun = duetmind("workflows", "start", "nightly", "--config", world.config, "--json")
    assert begun.status == 0, begun.err
    run = json.loads(begun.out)["id"]
    daemon.wait_for((folder / "waiting").exists, "the slow task")
    daemon.wait_for(lambda: run_of(daemon, run)["done"] == 2, "the tasks before it")
    daemon.kill()
    daemon.start()
    (folder / "leave").touch()
    daemon.wait_for(lambda: run_of(daemon, run)["state"] != "running", "the end of the run")
    ended = run_of(daemon, run)
    assert ended["state"] == "succeeded"
    assert (folder / "loads").read_text() == "x", "load ran once"
    shown = duetmind("workflows", "show", run, "--config", world.config)
    assert shown.status == 0
    assert '{"total": 10, "counted": ' in shown.out
    job = next(task["job"] for task in ended["tasks"] if task["task"] == "load")
    printed = duetmind("jobs", "logs", job, "--config", world.config)
    assert (printed.status, printed.out) == (0, "5 rows are loaded\n"), "what a job printed outlives the daemon"
    listed = duetmind("workflows", "--config", world.config)
    assert f"{run}  nightly" in listed.out


def test_a_workflow_with_a_schedule_runs_by_itself(daemon: LiveDaemon, world: World) -> None:
    prepare(world)
    daemon.start()

    def ended() -> list[dict[str, Any]]:
        runs = daemon.get("/api/v1/workflows?workflow=often")["items"]
        return [run for run in runs if run["state"] == "succeeded"]

    daemon.wait_for(lambda: len(ended()) >= 2, "two runs")
    assert {run["cause"] for run in ended()} == {"schedule"}


def test_a_cancelled_run_ends_with_its_processes(
    daemon: LiveDaemon, world: World, duetmind: Callable[..., Any]
) -> None:
    folder = prepare(world)
    daemon.start()
    run = json.loads(duetmind("workflows", "start", "nightly", "--config", world.config, "--json").out)["id"]
    daemon.wait_for((folder / "waiting").exists, "the slow task")
    cancelled = duetmind("workflows", "cancel", run, "--config", world.config)
    assert (cancelled.status, cancelled.out.strip()) == (0, f"run {run} of nightly is cancelled")
    again = duetmind("workflows", "cancel", run, "--config", world.config)
    assert again.status == 2
    assert "has ended already" in again.err


def test_a_workflow_runs_from_the_command_line_and_goes_on_where_it_failed(
    world: World, duetmind: Callable[..., Any]
) -> None:
    folder = prepare(world)
    (folder / "leave").touch()
    (folder / "steps.py").write_text(STEPS.replace("sum(values)", "sum(values) / 0"))
    failed = duetmind("workflows", "run", "nightly", "--config", world.config)
    assert failed.status == 1
    assert "ZeroDivisionError" in failed.out
    (folder / "steps.py").write_text(STEPS)
    done = duetmind("workflows", "run", "nightly", "--config", world.config, "--json")
    assert done.status == 0, done.err
    document = json.loads(done.out)
    assert document["ok"]
    assert json.loads({task["task_id"]: task for task in document["tasks"]}["total"]["result"])["total"] == 10
    assert (folder / "loads").read_text() == "x", "what had succeeded was not run again"
    unknown = duetmind("workflows", "run", "nightli", "--config", world.config)
    assert (unknown.status, unknown.out) == (2, "")
    assert "there is no workflow 'nightli' in the config; it has nightly" in unknown.err
