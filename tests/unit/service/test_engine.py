"""The engine on a store in memory, a simulated clock and in-process work: what it asks for, promotes and refuses."""

import csv
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from duetmind_adaptive.bus import log as bus_log
from duetmind_adaptive.errors import DuetMindError, RegistryError
from duetmind_adaptive.events import (
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    ResourcesScaled,
    RetrainSuppressed,
    ThresholdAdjusted,
    derive_id,
)
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.layout import ARTIFACT, version_folder
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.service.decisions import rules_of
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.plugins import Handlers, load_handlers
from duetmind_adaptive.service.view import model_status
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store import outcomes
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.tasks.requests import CheckRequest

START = datetime(2026, 1, 2, tzinfo=UTC)
CONFIG = """
models:
  loans:
    task: binary
    target: y
    reference: {path: reference.csv}
    production: {path: live.csv, window: {rows: 800}}
    schedule: {every: 1h}
    responses: [retrain_model]
    pipeline: {model: {algorithm: logistic_regression}}
"""


def write_rows(path: Path, rows: int, *, flipped: bool = False) -> None:
    """Rows whose answer is the sign of `a`; flipped, the other one."""
    rng = random.Random(rows)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["a", "b", "y"])
        for _ in range(rows):
            a, b = rng.gauss(0, 1), rng.gauss(0, 1)
            out.writerow([a, b, int((a + 0.1 * rng.gauss(0, 1) > 0) != flipped)])


@dataclass
class Meanwhile:
    """An executor that lets something happen after a training and before its result is told."""

    inner: InlineExecutor = field(default_factory=InlineExecutor)
    then: Callable[[], object] | None = None

    async def run(self, task, /, *args, fresh=False, **rest):
        result = await self.inner.run(task, *args, fresh=fresh, **rest)
        if fresh and self.then is not None:
            await self.then()
        return result

    async def close(self):
        await self.inner.close()


@asynccontextmanager
async def an_engine(folder: Path, executor: Meanwhile | None = None, more: str = "") -> AsyncIterator[Engine]:
    (folder / "duetmind.yaml").write_text(CONFIG + more)
    loaded = load_config(folder / "duetmind.yaml", {})
    store, clock, ids = await open_store("sqlite://"), SimulatedClock(START), count()
    engine = Engine(
        loaded,
        store=store,
        clock=clock,
        machine_clock=clock,
        executor=executor or Meanwhile(),
        handlers=Handlers(actions=load_handlers(loaded, {}).actions),
        owner="test",
        new_id=lambda: derive_id("test", next(ids)),
    )
    await engine.prepare()
    await engine.settle()
    try:
        yield engine
    finally:
        await store.close()


async def serving(engine: Engine) -> int | None:
    row = await engine.store.read(lambda conn: versions.champion(conn, "loans"))
    return row.version if row else None


async def tries(engine: Engine) -> int:
    return await engine.store.read(lambda conn: queue.count_ended(conn, model="loans", kind="retrain"))


async def retrained(engine: Engine, request: str) -> None:
    await engine.operations.request_retrain("loans", request=request)
    await engine.settle()


async def test_a_model_whose_reference_comes_late_gets_its_first_version_at_a_later_check(tmp_path: Path) -> None:
    async with an_engine(tmp_path) as engine:
        assert await serving(engine) is None
        write_rows(tmp_path / "reference.csv", 900)
        write_rows(tmp_path / "live.csv", 100)
        with pytest.raises(DuetMindError, match="no version to check yet"):
            await engine.check("loans")
        await engine.settle()
        assert await tries(engine) == 1, "right after a try that failed there is no other"
        await engine.clock.advance_to(START + timedelta(minutes=1))
        with pytest.raises(DuetMindError, match="no version to check yet"):
            await engine.check("loans")
        await engine.settle()
        assert await serving(engine) == 1


async def test_a_challenger_that_beat_a_champion_who_was_replaced_meanwhile_does_not_serve(tmp_path: Path) -> None:
    write_rows(tmp_path / "reference.csv", 900)
    write_rows(tmp_path / "live.csv", 3200, flipped=True)
    executor = Meanwhile()
    async with an_engine(tmp_path, executor) as engine:
        await retrained(engine, "second")
        await engine.checks.run("loans")
        await engine.operations.promote("loans", 2, request="by hand", reason="manual")

        async def go_back() -> None:
            executor.then = None
            await engine.operations.roll_back("loans", request="undo", to=1, reason="manual")

        executor.then = go_back
        await engine.settle()
        assert await serving(engine) == 1
        third = await engine.store.read(lambda conn: versions.get(conn, "loans", 3))
        assert third is not None
        assert third.body["gate"]["verdict"] == "better"
        assert third.state == "rejected"
        told = [logged.event for logged in await engine.store.read(lambda conn: bus_log.after(conn, 0, 1000))]
        assert [event.data.reason for event in told if isinstance(event, ModelRejected)][-1] == "champion_changed"


@pytest.mark.parametrize(("mode", "reasons", "retrains"), [("act", [], 2), ("observe", ["observing"], 1)])
async def test_a_model_that_is_observed_is_not_retrained_and_says_why(
    tmp_path: Path, mode: str, reasons: list[str], retrains: int
) -> None:
    write_rows(tmp_path / "reference.csv", 900)
    write_rows(tmp_path / "live.csv", 850, flipped=True)
    async with an_engine(tmp_path, more=f"    mode: {mode}\n") as engine:
        await engine.checks.run("loans")
        await engine.settle()
        told = [logged.event for logged in await engine.store.read(lambda conn: bus_log.after(conn, 0, 1000))]
        assert [event.data.reason for event in told if isinstance(event, RetrainSuppressed)] == reasons
        assert await tries(engine) == retrains, "the first version, and what the policy did"


async def test_a_version_whose_artifact_is_gone_is_not_promoted(tmp_path: Path) -> None:
    write_rows(tmp_path / "reference.csv", 900)
    async with an_engine(tmp_path) as engine:
        await retrained(engine, "second")
        row = await engine.store.read(lambda conn: versions.get(conn, "loans", 2))
        assert row is not None
        (version_folder(engine.loaded.models["loans"].folder, row.folder) / ARTIFACT).unlink()
        with pytest.raises(RegistryError, match="version 2 of model loans cannot serve: its artifact is gone"):
            await engine.operations.promote("loans", 2, request="by hand", reason="manual")
        assert await serving(engine) == 1


async def rejections(engine: Engine) -> list[ModelRejected]:
    rows = await engine.store.read(lambda conn: bus_log.page(conn, model="loans", before_seq=None, limit=200))
    return [row.event for row in reversed(rows) if isinstance(row.event, ModelRejected)]


async def test_the_same_rows_decide_five_times_and_the_sixth_waits_for_new_ones(tmp_path: Path) -> None:
    """R14."""
    write_rows(tmp_path / "reference.csv", 900)
    write_rows(tmp_path / "live.csv", 800)
    async with an_engine(tmp_path) as engine:
        await engine.checks.run("loans")
        for index in range(6):
            await retrained(engine, f"try {index}")
        told = [event.data for event in await rejections(engine)]
        assert [data.reason for data in told] == ["gate_failed"] * 5 + ["hold_out_spent"]
        assert told[-1].gate is not None
        assert told[-1].gate["verdict"] == "inconclusive"
        assert "have decided 5 times already" in told[-1].message
        write_rows(tmp_path / "more.csv", 800)
        with (tmp_path / "live.csv").open("a") as live:
            live.writelines((tmp_path / "more.csv").read_text().splitlines(keepends=True)[1:])
        await engine.checks.run("loans")
        await retrained(engine, "with new rows")
        newest = await engine.store.read(lambda conn: versions.get(conn, "loans", 8))
        assert newest is not None
        assert newest.body["judged_rows"] == [800, 1600]
        assert newest.body["gate"]["verdict"] != "inconclusive"


async def test_a_part_of_the_traffic_that_would_lose_is_named_in_the_rejection(tmp_path: Path) -> None:
    """R14: what is promoted for three rows in four is wrong for the fourth, whose world came back."""
    write_rows(tmp_path / "reference.csv", 900)
    rng = random.Random(5)
    with (tmp_path / "live.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["a", "b", "y"])
        for row in range(2400):
            a, b = rng.gauss(0, 1), rng.random()
            out.writerow([a, b, int((a > 0) == (b > 0.75 and row >= 1600))])
    async with an_engine(tmp_path) as engine:
        await engine.checks.run("loans")
        await engine.settle()
        event = (await rejections(engine))[0]
        assert event.data.reason == "segment_worse"
        assert event.data.gate is not None
        assert event.data.gate["segment"]["where"].startswith("b > 0.7")
        assert "But where b > 0.7" in event.data.message


def write_regimes(path: Path, regimes: list[bool]) -> None:
    """Windows of 800 rows whose answer is the sign of `a`, or (True) the other one."""
    rng = random.Random(7)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["a", "b", "y"])
        for flipped in regimes:
            for _ in range(800):
                a, b = rng.gauss(0, 1), rng.gauss(0, 1)
                out.writerow([a, b, int((a + 0.1 * rng.gauss(0, 1) > 0) != flipped)])


async def test_a_promotion_that_does_not_hold_is_taken_back_in_the_window_that_shows_it(tmp_path: Path) -> None:
    """The world turns round, a version for that is promoted, and the world turns back."""
    write_rows(tmp_path / "reference.csv", 900)
    write_regimes(tmp_path / "live.csv", [False, True, True, True, False, False, False])
    async with an_engine(tmp_path) as engine:
        served = []
        while await engine.checks.run_one("loans"):
            await engine.settle()
            served.append(await serving(engine))
        log = [logged.event for logged in await engine.store.read(lambda conn: bus_log.page(conn, limit=1000))]
        (back,) = [event for event in log if isinstance(event, ModelRolledBack)]
        assert (back.data.version, back.data.reason) == (1, "worse_than_the_one_before")
        taken = await engine.store.read(lambda conn: versions.get(conn, "loans", back.data.previous))
        assert taken is not None
        assert taken.state == "rejected", "it does not come back by itself"
        assert served[-1] == 1
        assert served.index(1, 3) <= 5
        acts = await engine.store.read(lambda conn: outcomes.page(conn, model="loans", before=None, limit=9))
        harmed = next(row for row in acts if row.version == back.data.previous and row.act == "retrain")
        assert (harmed.verdict, harmed.previous) == ("harmed", 1)
        assert harmed.expected > 0.5
        assert harmed.after < harmed.beside
        undone = next(row for row in acts if row.act == "rollback")
        assert undone.after > undone.beside, "version 1 is better on the rows since then"
        link = engine.loaded.models["loans"].folder / "champion"
        first = await engine.store.read(lambda conn: versions.champion(conn, "loans"))
        assert first is not None
        assert first.folder in str(link.resolve())


async def test_where_an_old_world_comes_back_the_version_that_served_it_does_too(tmp_path: Path) -> None:
    """The world turns round for so long that nothing watches any more, and then back."""
    write_rows(tmp_path / "reference.csv", 900)
    write_regimes(tmp_path / "live.csv", [False, *[True] * 26, False, False])
    more = "responses: {retrain_model: {max_auto_retrains_per_day: 99}}\n"
    async with an_engine(tmp_path, more=more) as engine:
        while await engine.checks.run_one("loans"):
            await engine.settle()
        log = [logged.event for logged in await engine.store.read(lambda conn: bus_log.page(conn, limit=1000))]
        back = max((event for event in log if isinstance(event, ModelPromoted)), key=lambda each: each.data.version)
        assert (back.data.reason, back.data.again) == ("former_version_back", 1)
        assert back.data.message.startswith("Version 1, which served before, answers the newest rows better than")
        rows = await engine.store.read(lambda conn: [versions.get(conn, "loans", n) for n in (1, back.data.version)])
        first, again = rows
        assert first is not None
        assert again is not None
        assert again.sha256 == first.sha256
        assert again.folder != first.folder
        assert await serving(engine) == again.version
        served = await engine.store.read(lambda conn: model_status(conn, "loans"))
        assert (served["champion"], served["again"]) == (again.version, 1)


@pytest.mark.parametrize(
    ("responses", "mode", "retrains", "asks"),
    [
        (("retrain_model",), "act", True, False),
        (("retrain_model",), "suggest", True, True),
        (("human_review",), "act", True, True),
        (("human_review", "retrain_model"), "act", True, True),
        (("rollback",), "act", False, False),
        ((), "act", False, False),
    ],
)
def test_human_review_asks_a_person_before_a_retrain(tmp_path: Path, responses, mode, retrains, asks) -> None:
    (tmp_path / "duetmind.yaml").write_text(CONFIG)
    model = load_config(tmp_path / "duetmind.yaml", {}).models["loans"]
    rules = rules_of(model.model_copy(update={"responses": responses, "mode": mode}), timedelta(hours=4))
    assert (rules.retrain, rules.suggests) == (retrains, asks)


async def told(engine: Engine, kind: type) -> list:
    log = [logged.event for logged in await engine.store.read(lambda conn: bus_log.page(conn, limit=1000))]
    return [event for event in log if isinstance(event, kind)]


class Watched(Meanwhile):
    """An executor that keeps the thresholds its checks are made with."""

    def __init__(self) -> None:
        super().__init__()
        self.thresholds: list[float] = []

    async def run(self, task, /, *args, **rest):
        self.thresholds += [each.model.drift_threshold for each in args if isinstance(each, CheckRequest)]
        return await super().run(task, *args, **rest)


async def test_the_next_check_uses_the_threshold_that_was_set_and_the_config_s_once_that_is_taken_back(
    tmp_path: Path,
) -> None:
    write_rows(tmp_path / "reference.csv", 900)
    write_regimes(tmp_path / "live.csv", [False] * 3)
    executor = Watched()
    async with an_engine(tmp_path, executor) as engine:
        await engine.checks.run_one("loans")
        for request, value in (("set", 0.3), ("revert", None)):
            await engine.thresholds.set(engine.loaded.models["loans"], value, request=request)
            await engine.settle()
            await engine.checks.run_one("loans")
        assert executor.thresholds == [0.02, 0.3, 0.02]
        steps = [(event.data.before, event.data.after) for event in await told(engine, ThresholdAdjusted)]
        assert sorted(steps) == [(0.02, 0.3), (0.3, 0.02)]


async def test_while_jobs_wait_more_run_at_a_time_and_when_there_are_none_it_is_as_before(tmp_path: Path) -> None:
    write_rows(tmp_path / "reference.csv", 900)
    loans = CONFIG.partition("models:\n")[2].replace("[retrain_model]", "[scale_resources]")
    others = "".join(loans.replace("loans", name) for name in ("cars", "homes", "ships"))
    bounds = "responses: {scale_resources: {min_concurrent_tasks: 1, max_concurrent_tasks: 3}}\n"
    async with an_engine(tmp_path, more=others + bounds) as engine:
        steps = [event.data for event in await told(engine, ResourcesScaled)]
        assert max(step.after for step in steps) == 3
        assert {step.reason for step in steps} == {"jobs_wait", "places_idle"}
        assert {step.resource for step in steps} == {"concurrent_jobs"}
        assert "loans" not in {step.model for step in steps}, "it does not ask for it"
        assert engine.runner.limit == 1
