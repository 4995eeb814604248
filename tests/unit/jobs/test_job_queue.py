"""The queue's SQL on the real store in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.store.database import Database, open_store
from duetmind_adaptive.store.tables import metadata
from duetmind_adaptive.store.writer import SqlTransaction

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KINDS = ("retrain",)


@pytest.fixture
async def store() -> AsyncIterator[Database]:
    made = await open_store("sqlite://")
    yield made
    await made.close()


async def add(store: Database, id: str, model: str = "loans", now: datetime = NOON, kind: str = "retrain") -> bool:
    return await store.write(lambda tx: queue.enqueue(tx, id=id, kind=kind, model=model, payload={"n": 1}, now=now))


async def take(store: Database, owner: str = "me", now: datetime = NOON, limit: int = 10) -> tuple[Job, ...]:
    return await store.write(lambda tx: queue.claim(tx, owner=owner, now=now, limit=limit, kinds=KINDS))


async def test_a_request_makes_one_job_however_often_it_is_delivered(store: Database) -> None:
    assert await add(store, "a")
    assert not await add(store, "a")
    (job,) = await take(store)
    await store.write(lambda tx: queue.finish(tx, job, state="succeeded", now=NOON))
    assert not await add(store, "a")
    assert await store.read(queue.counts) == {"queued": 0, "running": 0}


async def test_a_job_comes_back_as_it_was_written(store: Database) -> None:
    await add(store, "a")
    job = await store.read(lambda conn: queue.get(conn, "a"))
    assert job == Job(
        id="a", kind="retrain", model="loans", state="queued", attempt=0, lost=0, owner=None, not_before=NOON,
        created=NOON, started=None, finished=None, payload={"n": 1}, result=None, error=None,
    )  # fmt: skip


async def test_claims_are_one_per_model_oldest_first_and_within_the_limit(store: Database) -> None:
    for minute, (name, model) in enumerate([("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")]):
        await add(store, name, model, NOON + minute * MINUTE)
    later = NOON + 10 * MINUTE
    assert [job.id for job in await take(store, now=later, limit=2)] == ["a", "c"]
    assert [job.id for job in await take(store, now=later)] == ["d"]
    assert await take(store, now=later) == ()


async def test_a_job_of_an_unknown_kind_stays_queued(store: Database) -> None:
    await add(store, "a", kind="future")
    assert await take(store) == ()
    assert await store.read(lambda conn: queue.next_due(conn, kinds=KINDS)) is None


async def test_only_the_claim_that_holds_a_job_may_end_it(store: Database) -> None:
    await add(store, "a")
    (first,) = await take(store)
    assert await store.write(lambda tx: queue.give_back(tx, first))
    (second,) = await take(store)
    assert (first.attempt, second.attempt) == (1, 2)
    assert not await store.write(lambda tx: queue.finish(tx, first, state="failed", now=NOON, error="late"))
    assert await store.write(lambda tx: queue.finish(tx, second, state="succeeded", now=NOON, result={"version": 3}))
    job = await store.read(lambda conn: queue.get(conn, "a"))
    assert job is not None
    assert (job.state, job.result, job.error) == ("succeeded", {"version": 3}, None)


async def test_a_lost_attempt_waits_and_is_counted(store: Database) -> None:
    await add(store, "a")
    (job,) = await take(store)
    await store.write(lambda tx: queue.retry_later(tx, job, not_before=NOON + MINUTE, error="killed"))
    assert await take(store) == ()
    assert await store.read(lambda conn: queue.next_due(conn, kinds=KINDS)) == NOON + MINUTE
    (again,) = await take(store, now=NOON + MINUTE)
    assert (again.attempt, again.lost, again.error) == (2, 1, "killed")


async def test_a_dead_owner_s_jobs_are_put_back_and_ours_are_not(store: Database) -> None:
    await add(store, "a", "x")
    await take(store, owner="dead")
    await add(store, "b", "y")
    await take(store, owner="me")
    assert await store.write(lambda tx: queue.requeue_orphans(tx, owner="me")) == 1
    (job,) = await take(store)
    assert (job.id, job.attempt, job.lost) == ("a", 2, 0)


async def test_a_cancelled_job_is_over_for_everybody(store: Database) -> None:
    await add(store, "a")
    (job,) = await take(store)
    assert await store.write(lambda tx: queue.cancel(tx, "a", now=NOON)) == job
    assert await store.write(lambda tx: queue.cancel(tx, "a", now=NOON)) is None
    assert await store.write(lambda tx: queue.cancel(tx, "unknown", now=NOON)) is None
    assert not await store.write(lambda tx: queue.finish(tx, job, state="succeeded", now=NOON))


async def test_open_jobs_are_found_by_model_and_kind(store: Database) -> None:
    await add(store, "a")
    assert await store.read(lambda conn: queue.has_open(conn, model="loans", kind="retrain"))
    assert not await store.read(lambda conn: queue.has_open(conn, model="other", kind="retrain"))


async def test_pages_are_newest_first_and_miss_and_repeat_nothing(store: Database) -> None:
    for number in range(7):
        await add(store, f"{number}", f"m{number}", NOON + (number // 2) * MINUTE)
    seen: list[str] = []
    before = None
    while jobs := await store.read(lambda conn, before=before: queue.page(conn, limit=3, before=before)):
        seen += [job.id for job in jobs]
        before = jobs[-1].cursor
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert [job.id for job in await store.read(lambda conn: queue.page(conn, limit=9, model="m4"))] == ["4"]


class QueueMachine(RuleBasedStateMachine):
    """Whatever two owners do in whatever order, no model runs two jobs and no job ends twice."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(self.engine)
        self.now = NOON
        self.held: list[Job] = []
        self.ended: list[str] = []

    def act(self, change: Any) -> Any:
        with self.engine.begin() as connection:
            return change(SqlTransaction(connection))

    @rule(id=st.sampled_from("abcdef"), model=st.sampled_from("xyz"))
    def enqueue(self, id: str, model: str) -> None:
        self.act(lambda tx: queue.enqueue(tx, id=id, kind="retrain", model=model, payload={}, now=self.now))

    @rule(owner=st.sampled_from(["one", "two"]), limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> None:
        jobs = self.act(lambda tx: queue.claim(tx, owner=owner, now=self.now, limit=limit, kinds=KINDS))
        assert len(jobs) <= limit
        self.held += jobs

    @rule(data=st.data(), how=st.sampled_from(["finish", "retry", "give back"]))
    def end(self, data: st.DataObject, how: str) -> None:
        if not self.held:
            return
        job = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        if how == "give back":
            self.act(lambda tx: queue.give_back(tx, job))
        elif how == "retry":
            self.act(lambda tx: queue.retry_later(tx, job, not_before=self.now + MINUTE, error="killed"))
        elif self.act(lambda tx: queue.finish(tx, job, state="succeeded", now=self.now)):
            self.ended.append(job.id)

    @rule(owner=st.sampled_from(["one", "two"]))
    def restart(self, owner: str) -> None:
        self.act(lambda tx: queue.requeue_orphans(tx, owner=owner))

    @rule(id=st.sampled_from("abcdef"))
    def cancel(self, id: str) -> None:
        if self.act(lambda tx: queue.cancel(tx, id, now=self.now)):
            self.ended.append(id)

    @rule()
    def wait(self) -> None:
        self.now += MINUTE

    @invariant()
    def one_job_runs_per_model(self) -> None:
        with self.engine.connect() as connection:
            running = [job.model for job in queue.page(connection, limit=99) if job.state == "running"]
        assert len(running) == len(set(running))

    @invariant()
    def no_job_ends_twice(self) -> None:
        assert len(self.ended) == len(set(self.ended))

    def teardown(self) -> None:
        self.engine.dispose()


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
