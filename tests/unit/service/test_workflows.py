"""Workflows in the engine: on a store in memory, a simulated clock and in-process work."""

import json
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from duetmind_adaptive.bus import log as bus_log
from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.service.engine import Engine, schedules
from duetmind_adaptive.service.http.api import NotFoundError
from duetmind_adaptive.service.plugins import Handlers
from duetmind_adaptive.service.workflows.kind import WorkflowKind
from duetmind_adaptive.service.workflows.operations import KEEP
from duetmind_adaptive.service.workflows.view import WorkflowView
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store.database import open_store

START = datetime(2026, 1, 2, tzinfo=UTC)
CONFIG = """
workflows:
  nightly:
    schedule: {cron: "0 3 * * *"}
    tasks:
      report: {function: "night_steps:told", args: ["total", {result_of: total}], dependencies: [lines]}
      load: {function: "night_steps:load", kwargs: {rows: 5}, resources: {cpu_cores: 2, memory_gb: 3}, priority: 4}
      total: {function: "night_steps:total", args: [{result_of: load}]}
      lines: {command: [cat, night_steps.py]}
  failing:
    tasks:
      load: {function: "night_steps:load", kwargs: {rows: 5}}
      breaks: {function: "night_steps:breaks", args: [{result_of: load}], retries: 2}
      after: {function: "night_steps:told", args: [{result_of: breaks}]}
      beside: {function: "night_steps:total", args: [{result_of: load}]}
"""
STEPS = """
from pathlib import Path

def load(rows):
    with Path(__file__).with_name("loads").open("a") as file:
        file.write("x")
    return list(range(rows))

def total(values):
    return sum(values)

def told(*values):
    return {"told": values}

def breaks(values):
    raise ValueError(f"no use for {len(values)} values")
"""


@asynccontextmanager
async def an_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    monkeypatch.syspath_prepend(str(folder))  # forgets it, and what was imported from it, after the test
    (folder / "night_steps.py").write_text(STEPS)
    (folder / "duetmind.yaml").write_text(CONFIG)
    store, clock, ids = await open_store("sqlite://"), SimulatedClock(START), count()
    engine = Engine(
        load_config(folder / "duetmind.yaml", {}),
        store=store,
        clock=clock,
        machine_clock=clock,
        executor=InlineExecutor(guarded=True),
        handlers=Handlers(),
        owner="test",
        new_id=lambda: derive_id("test", next(ids)),
    )
    try:
        yield engine
    finally:
        await store.close()
        monkeypatch.delitem(__import__("sys").modules, "night_steps", raising=False)


async def until_over(engine: Engine, run: str) -> dict[str, Any]:
    """Let time pass until the run has ended."""
    view = WorkflowView(engine)
    while (document := await view.run(run))["state"] == "running":
        await engine.settle()
        if (due := await engine.runner.next_due()) is not None:
            await engine.clock.advance_to(due)
    return document


def by_task(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {task["task"]: task for task in run["tasks"]}


async def test_tasks_run_in_their_order_and_take_each_others_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        begun = await WorkflowView(engine).begin("nightly")
        assert (begun["state"], begun["done"], begun["total"]) == ("running", 0, 4)
        assert list(by_task(begun)) == ["report", "load", "total", "lines"]
        run = await until_over(engine, begun["id"])
        assert (run["state"], run["done"]) == ("succeeded", 4)
        tasks = by_task(run)
        assert json.loads(tasks["report"]["result"]["shown"]) == {"told": ["total", 10]}
        assert "def load(rows)" in tasks["lines"]["result"]["shown"]
        assert tasks["total"]["started"] >= tasks["load"]["finished"]


async def test_a_task_that_fails_is_tried_again_and_stops_only_what_depends_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        begun = await WorkflowView(engine).begin("failing")
        run = await until_over(engine, begun["id"])
        tasks = by_task(run)
        assert run["state"] == "failed"
        assert {name: task["state"] for name, task in tasks.items()} == {
            "load": "succeeded",
            "breaks": "failed",
            "after": "upstream_failed",
            "beside": "succeeded",
        }
        assert tasks["breaks"]["attempt"] == 3
        assert "no use for 5 values" in tasks["breaks"]["error"]
        assert tasks["after"]["error"] == "task breaks, which it needs, failed"


async def test_how_far_a_run_has_come_is_told_as_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        begun = await WorkflowView(engine).begin("nightly")
        await until_over(engine, begun["id"])
        events = await engine.store.read(lambda conn: bus_log.page(conn, model="workflow:nightly", limit=100))
        told = [row.event.data for row in reversed(events) if row.event.type == "duetmind.job.progressed"]
        assert [(each.job, each.progress) for each in told] == [(begun["id"], done / 4) for done in (1, 2, 3, 4)]
        assert told[-1].message == "task report succeeded; 4 of 4 have ended"
        assert told[-1].state == "ended"


async def test_a_slot_begins_one_run_however_often_it_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        (name,) = schedules(engine.loaded)
        first = await engine.run_slot(name, START)
        assert await engine.run_slot(name, START) == first
        page = await WorkflowView(engine).page(10, None, None)
        assert [(run["workflow"], run["cause"]) for run in page.items] == [("nightly", "schedule")]


async def test_a_run_that_has_not_ended_keeps_the_next_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        view = WorkflowView(engine)
        run = (await view.begin("nightly"))["id"]
        with pytest.raises(WorkflowError, match=f"Run {run} of workflow nightly has not ended"):
            await view.begin("nightly")
        assert run in await engine.run_slot("workflow:nightly", START), "the slot says why nothing ran"


async def test_a_cancelled_run_ends_with_all_that_was_to_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        view = WorkflowView(engine)
        run = (await view.begin("nightly"))["id"]
        cancelled = await view.cancel(run)
        assert cancelled["state"] == "cancelled"
        assert {task["state"] for task in cancelled["tasks"]} == {"cancelled"}
        with pytest.raises(WorkflowError, match="has ended already: it cancelled"):
            await view.cancel(run)
        await engine.settle()
        assert not (tmp_path / "loads").exists(), "nothing of it runs any more"
        assert (await view.begin("nightly"))["state"] == "running"


def change_result(folder: Path) -> None:
    (kept,) = folder.glob("state/workflows/failing/*/load.result")
    kept.write_bytes(pickle.dumps(list(range(7))))


async def test_a_result_that_somebody_changed_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        run = (await WorkflowView(engine).begin("failing"))["id"]
        await engine.runner.settle()
        change_result(tmp_path)
        document = await until_over(engine, run)
        assert "its file was changed" in by_task(document)["breaks"]["error"]


async def test_results_of_all_but_the_newest_runs_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        for day in range(KEEP + 3):
            await engine.clock.advance_to(START + timedelta(days=day))
            await until_over(engine, (await WorkflowView(engine).begin("nightly"))["id"])
        await engine.workflows.sweep("nightly")
        assert len(list((tmp_path / "state/workflows/nightly").iterdir())) == KEEP


async def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        view = WorkflowView(engine)
        with pytest.raises(NotFoundError, match="no workflow 'nightl'"):
            await view.begin("nightl")
        with pytest.raises(NotFoundError, match="no run r1"):
            await view.run("r1")


async def test_each_job_of_a_workflow_is_told_of_as_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        await until_over(engine, (await WorkflowView(engine).begin("nightly"))["id"])
        events = await engine.store.read(lambda conn: bus_log.page(conn, model="workflow:nightly", limit=100))
        kinds = [row.event.type.removeprefix("duetmind.job.") for row in events]
        assert sorted(kinds) == ["progressed"] * 4 + ["started"] * 4 + ["succeeded"] * 4


async def test_a_task_asks_for_what_it_says_and_else_for_a_core_and_a_gigabyte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_engine(tmp_path, monkeypatch) as engine:
        run = (await WorkflowView(engine).begin("nightly"))["id"]
        kind = WorkflowKind(engine.store, engine.bus, engine.clock, lambda: engine.loaded)
        jobs = await engine.store.read(lambda conn: queue.page(conn, limit=10))
        orders = {job.payload["task"]: await kind.prepare(job) for job in jobs if job.payload["run"] == run}
        needs = {name: (each.needs.cpu_cores, each.needs.memory_gb, each.priority) for name, each in orders.items()}
        assert needs == {"load": (2, 3, 4), "lines": (1, 1, 0)}
