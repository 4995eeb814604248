"""Jobs from the queue to their recorded end, on the real store and bus."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import worker_tasks

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Executor, Transaction
from duetmind_adaptive.errors import JobError, RegistryError, StoreError
from duetmind_adaptive.jobs import job_records, queue, runner
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.jobs.kinds import Order
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.jobs.resources import ResourceRequirement
from duetmind_adaptive.jobs.runner import JobRunner
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.store.database import Database, open_store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIMIT = timedelta(seconds=30)


@dataclass
class Kind:
    """A kind of job that writes down what it is told."""

    task: Callable[..., Any] = worker_tasks.double
    args: tuple[object, ...] = (21,)
    limit: timedelta = LIMIT
    needs: ResourceRequirement | None = None
    priority: int = 0
    #: raised by `complete`, after it wrote
    error: Exception | None = None
    told: list[tuple[str, object]] = field(default_factory=list)

    async def prepare(self, job: Job) -> Order:
        return Order(task=self.task, args=self.args, limit=self.limit, needs=self.needs, priority=self.priority)

    def started(self, tx: Transaction, job: Job) -> None:
        self.told.append(("started", job.attempt))

    def complete(self, tx: Transaction, job: Job, result: Any) -> None:
        self.told.append(("complete", result))
        queue.enqueue(tx, id=f"follows {job.id}", kind="other", model=job.model, payload={}, now=NOON)
        if self.error:
            raise self.error

    def abandon(self, tx: Transaction, job: Job, reason: str) -> None:
        self.told.append(("abandon", reason))

    async def after_commit(self, job: Job) -> None:
        self.told.append(("after_commit", job.id))


class World:
    """A store, a bus, a clock that stands still, and runners on them."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.clock = SimulatedClock(NOON)
        self.bus = DurableBus(store, self.clock, owner="bus")

    def runner(self, kind: Kind, executor: Executor | None = None, *, owner: str = "me", **more: Any) -> JobRunner:
        kinds = {"retrain": kind}
        return JobRunner(self.store, executor or InlineExecutor(), self.clock, self.bus, kinds, owner=owner, **more)

    async def ask(self, id: str, model: str = "loans") -> None:
        await self.store.write(
            lambda tx: queue.enqueue(
                tx, id=id, kind="retrain", model=model, payload={"folder": "f"}, now=self.clock.now()
            )
        )

    async def job(self, id: str) -> Job:
        job = await self.store.read(lambda conn: queue.get(conn, id))
        assert job is not None
        return job

    async def events(self) -> list[tuple[str, str]]:
        logged = await self.store.read(lambda conn: event_log.after(conn, 0))
        events = [entry.event for entry in logged]
        return [(event.type.removeprefix("duetmind.job."), event.data.job) for event in events]  # type: ignore[union-attr]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    store = await open_store("sqlite://")
    yield World(store)
    await store.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - other processes set no Event
            await asyncio.sleep(0.01)


async def test_a_job_runs_to_its_end_and_tells_it_in_order(world: World) -> None:
    kind = Kind()
    await world.ask("a")
    assert await world.runner(kind).settle()
    assert kind.told == [("started", 1), ("complete", 42), ("after_commit", "a")]
    assert await world.events() == [("started", "a"), ("succeeded", "a")]
    assert (await world.job("a")).state == "succeeded"


async def test_nothing_to_do_is_told(world: World) -> None:
    assert not await world.runner(Kind()).settle()


@pytest.mark.parametrize(
    ("task", "args", "reason"),
    [
        (worker_tasks.refuse, ("age",), "column age is not there"),
        (worker_tasks.zero, (), "division by zero"),
        (worker_tasks.unpicklable, (), "The result, a function, cannot be sent back from the worker"),
    ],
)
async def test_what_a_task_raises_is_final(world: World, task: Any, args: tuple[object, ...], reason: str) -> None:
    kind = Kind(task, args)
    await world.ask("a")
    await world.runner(kind).settle()
    job = await world.job("a")
    assert job.state == "failed"
    assert reason in (job.error or "")
    assert kind.told == [("started", 1), ("abandon", job.error)]
    assert await world.events() == [("started", "a"), ("failed", "a")]


async def test_a_job_that_runs_over_its_limit_is_final(world: World) -> None:
    kind = Kind(worker_tasks.nap, (60.0,), timedelta(seconds=0.1))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        await world.runner(kind, pool).settle()
    job = await world.job("a")
    assert (job.state, job.lost) == ("failed", 0)
    assert "longer than its limit of 0.1 s" in (job.error or "")


async def test_a_complete_that_raises_leaves_nothing_of_itself_and_fails_the_job(world: World) -> None:
    kind = Kind(error=RegistryError("no place"))
    await world.ask("a")
    await world.runner(kind).settle()
    assert await world.store.read(lambda conn: queue.get(conn, "follows a")) is None
    assert (await world.job("a")).error == "no place"
    assert await world.events() == [("started", "a"), ("failed", "a")]


def marked(folder: Path) -> list[int]:
    """The processes that have said they run."""
    return [int(path.name) for path in folder.iterdir()]


async def test_a_held_kind_s_job_goes_back_to_the_queue_and_runs_when_it_is_let_go(
    world: World, tmp_path: Path
) -> None:
    kind = Kind(worker_tasks.mark_and_nap, (str(tmp_path), 60.0))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool)
        await jobs.start()
        while not marked(tmp_path):  # noqa: ASYNC110 - another process sets no Event
            await asyncio.sleep(0.02)
        await jobs.hold({"retrain"})
        held = await world.job("a")
        assert (held.state, held.lost, jobs.running) == ("queued", 0, ())
        assert not psutil.pid_exists(marked(tmp_path)[0])
        kind.args = (str(tmp_path), 0.0)
        await asyncio.sleep(0.2)
        assert (await world.job("a")).state == "queued"
        await jobs.hold(())
        while (await world.job("a")).state != "succeeded":  # noqa: ASYNC110 - the store sets no Event
            await asyncio.sleep(0.02)
        await jobs.stop()


async def test_a_dead_worker_s_job_is_tried_again_after_a_wait(world: World, tmp_path: Path) -> None:
    kind = Kind(worker_tasks.kill_self_until, (str(tmp_path), 1))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool)
        await jobs.settle()
        waiting = await world.job("a")
        assert (waiting.state, waiting.lost) == ("queued", 1)
        assert "killed by SIGKILL" in (waiting.error or "")
        assert not await jobs.settle()
        due = await jobs.next_due()
        assert due == NOON + job_records.FIRST_WAIT
        await world.clock.advance_to(due)
        await jobs.settle()
    assert kind.told == [("started", 1), ("started", 2), ("complete", "alive"), ("after_commit", "a")]
    assert await world.events() == [("started", "a"), ("started", "a"), ("succeeded", "a")]


async def test_a_job_over_its_memory_is_tried_once_with_twice_as_much_and_then_fails(world: World) -> None:
    kind = Kind(worker_tasks.hold, (800,))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool, memory_gb=0.25)
        await jobs.settle()
        assert "GB and asked for 0.25: it was killed" in ((await world.job("a")).error or "")
        while due := await jobs.next_due():
            await world.clock.advance_to(due)
            await jobs.settle()
    assert kind.told[:2] == [("started", 1), ("started", 2)]
    assert "GB and asked for 0.5: it was killed. It was attempt 2, the last." in ((await world.job("a")).error or "")


async def test_a_job_that_needs_twice_its_memory_ends_well(world: World) -> None:
    kind = Kind(worker_tasks.hold, (400,))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool, memory_gb=0.3)
        await jobs.settle()
        while due := await jobs.next_due():
            await world.clock.advance_to(due)
            await jobs.settle()
    assert (await world.job("a")).state == "succeeded"


async def test_a_job_that_always_loses_its_worker_fails_for_good(world: World) -> None:
    kind = Kind(worker_tasks.die, (signal.SIGKILL,))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool)
        await jobs.settle()
        while due := await jobs.next_due():
            await world.clock.advance_to(due)
            await jobs.settle()
    job = await world.job("a")
    assert (job.state, job.attempt) == ("failed", runner.MAX_LOST)
    assert "attempt 3, the last" in (job.error or "")


async def test_a_running_service_needs_no_polling_only_a_word(world: World) -> None:
    kind = Kind()
    jobs = world.runner(kind)
    await jobs.start()
    await jobs.start()
    await world.ask("a")
    jobs.wake()
    await until(lambda: ("after_commit", "a") in kind.told)
    await jobs.stop()
    assert jobs.running == ()


async def test_a_running_service_takes_a_waiting_job_when_its_time_comes(world: World, tmp_path: Path) -> None:
    kind = Kind(worker_tasks.kill_self_until, (str(tmp_path), 1))
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool)
        await world.ask("a")
        await jobs.start()
        await until(lambda: any(tmp_path.iterdir()) and not jobs.running)
        async with asyncio.timeout(20):
            while not jobs.running:  # its sleep may not have begun yet
                await world.clock.advance_to(NOON + job_records.FIRST_WAIT)
        await until(lambda: ("complete", "alive") in kind.told)
        await jobs.stop()


async def test_jobs_of_different_models_run_side_by_side_and_of_one_model_in_turn(world: World, tmp_path: Path) -> None:
    kind = Kind(worker_tasks.mark_and_nap, (str(tmp_path),))
    for id, model in [("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")]:  # noqa: A001 - as the queue calls it
        await world.ask(id, model)
    async with ProcessPool(size=2) as pool:
        jobs = world.runner(kind, pool, limit=2)
        await jobs.start()
        await until(lambda: len(jobs.running) == 2)
        assert jobs.running == ("a", "c")
        await jobs.stop(grace=0)


async def test_a_stop_puts_unfinished_jobs_back_and_the_next_start_runs_them(world: World, tmp_path: Path) -> None:
    kind = Kind(worker_tasks.mark_and_nap, (str(tmp_path),))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool)
        await jobs.start()
        await until(lambda: any(tmp_path.iterdir()))
        await jobs.stop(grace=0)
        assert pool.load.running == 0
    assert (await world.job("a")).state == "queued"
    after = Kind()
    await world.runner(after, owner="next").settle()
    assert after.told == [("started", 2), ("complete", 42), ("after_commit", "a")]


async def test_jobs_of_a_dead_process_run_again_at_start(world: World) -> None:
    await world.ask("a")
    await world.store.write(lambda tx: queue.claim(tx, owner="dead", now=NOON, limit=1, kinds=["retrain"]))
    kind = Kind()
    jobs = world.runner(kind)
    await jobs.start()
    await until(lambda: ("after_commit", "a") in kind.told)
    await jobs.stop()
    assert kind.told[0] == ("started", 2)


async def test_a_cancelled_job_s_process_ends_and_its_story_too(world: World, tmp_path: Path) -> None:
    kind = Kind(worker_tasks.mark_and_nap, (str(tmp_path),))
    await world.ask("a")
    async with ProcessPool(size=1) as pool:
        jobs = world.runner(kind, pool)
        await jobs.start()
        await until(lambda: any(tmp_path.iterdir()))
        assert await jobs.cancel("a")
        assert pool.load.running == 0
        assert not await jobs.cancel("a")
        await jobs.stop()
    assert (await world.job("a")).state == "cancelled"
    assert kind.told == [("started", 1), ("abandon", "it was cancelled")]
    assert await world.events() == [("started", "a"), ("cancelled", "a")]


async def test_a_store_that_fails_for_a_moment_loses_no_result(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Database):
        failures = 2

        async def write(self, change: Any) -> Any:
            if change.__qualname__.startswith("JobRunner._attempt") and self.failures:
                self.failures -= 1
                raise StoreError("the disk is full")
            return await world.store.write(change)

    monkeypatch.setattr(runner, "STORE_RETRY_SECONDS", 0.0)
    kind = Kind()
    await world.ask("a")
    store = Failing(None)
    store.read = world.store.read  # type: ignore[method-assign]
    await JobRunner(store, InlineExecutor(), world.clock, world.bus, {"retrain": kind}, owner="me").settle()
    assert store.failures == 0
    assert (await world.job("a")).state == "succeeded"


async def test_a_kind_that_cannot_prepare_fails_its_job_only(world: World) -> None:
    class Gone(Kind):
        async def prepare(self, job: Job) -> Any:
            raise JobError(f"model {job.model} is no longer in the config")

    kind = Gone()
    await world.ask("a")
    await world.runner(kind).settle()
    assert (await world.job("a")).error == "model loans is no longer in the config"


class Asked(InlineExecutor):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.options: list[dict[str, Any]] = []

    async def run(self, task: Any, /, *args: Any, **options: Any) -> Any:
        self.options.append(options)
        return await super().run(task, *args, **options)


async def test_a_job_holds_what_its_kind_says_and_else_what_every_job_is_given(world: World) -> None:
    asked = Asked()
    needs = ResourceRequirement(cpu_cores=3, memory_gb=2.0, gpu_count=1)
    for kind in (Kind(needs=needs, priority=5), Kind()):
        await world.ask(f"job {len(asked.options)}")
        await world.runner(kind, asked, memory_gb=7.0).settle()
    own, every = ((each["claim"], each["memory_gb"]) for each in asked.options)
    assert (own[0].cpu_cores, own[0].gpu_count, own[0].priority, own[1]) == (3, 1, 5, 2.0)
    assert (every[0].gpu_count, every[0].priority, every[1]) == (0, 0, 7.0)
