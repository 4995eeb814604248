"""What every `Bus` keeps, on a file and in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.bus.deadletters import Counts
from duetmind_adaptive.contracts import Delivered, Rejected, Retry, RetryPolicy, Subscription
from duetmind_adaptive.event_data import AlertData, JobData
from duetmind_adaptive.events import AlertDelivered, AlertFailed, JobStarted, derive_id, make
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import deliveries, meta

SOON = RetryPolicy(tries=10, first=timedelta(milliseconds=1), cap=timedelta(milliseconds=5))
PATIENCE = 20


def event(number, model="loans"):
    data = JobData(model=model, job=str(number), kind="test")
    return make(JobStarted, data, id=f"{model}-{number}", time=datetime(2026, 1, 1, tzinfo=UTC))


def everything(_):
    return True


@pytest.fixture(params=["file", "memory"])
async def store(request, tmp_path):
    database = await open_store(f"sqlite:///{tmp_path}/store.db" if request.param == "file" else "sqlite://")
    yield database
    await database.close()


@pytest.fixture
async def bus(store):
    bus = DurableBus(store, SystemClock(), owner="first life", random=Random(1))
    yield bus
    await bus.stop(0)


async def emptied(bus):
    """Wait until nothing is open, retries of the near future included."""
    for _ in range(10_000):
        if not (await bus.counts()).pending:
            return
        await asyncio.sleep(0.002)
    raise AssertionError("deliveries stay open")


def rows(store, *columns):
    return store.read(lambda conn: [tuple(row) for row in conn.execute(select(*columns))])


async def test_a_published_event_is_durable_and_reaches_every_handler_that_wants_it(bus, store):
    seen = []

    def handler(name):
        async def effect(event, attempt):
            seen.append((name, event.id, attempt.number))
            return Delivered()

        return effect

    bus.subscribe(Subscription(name="a", wants=everything, effect=handler("a")))
    bus.subscribe(Subscription(name="b", wants=lambda e: e.id == "loans-2", effect=handler("b")))
    await bus.start()
    await bus.publish(event(1), event(2))
    assert [entry.event for entry in await store.read(lambda conn: event_log.after(conn, 0))] == [event(1), event(2)]
    assert await bus.drain(PATIENCE)
    assert sorted(seen) == [("a", "loans-1", 1), ("a", "loans-2", 1), ("b", "loans-2", 1)]
    assert await bus.counts() == Counts(pending=0, dead=0)


async def test_a_repeated_id_is_ignored_within_a_publish_across_publishes_and_for_new_handlers(bus, store):
    seen = []
    bus.subscribe(Subscription(name="a", wants=everything, apply=lambda tx, e: seen.append(e.id)))
    await bus.start()
    await bus.publish(event(1), event(1))
    await asyncio.gather(*(bus.publish(event(1)) for _ in range(100)))
    bus.subscribe(Subscription(name="late", wants=everything, apply=lambda tx, e: seen.append(e.id)))
    await bus.publish(event(1))
    assert await bus.drain(PATIENCE)
    assert seen == ["loans-1"]
    assert await rows(store, deliveries.c.handler) == [("a",)]


async def test_a_handler_that_comes_later_gets_only_events_from_then_on(bus):
    seen = []
    await bus.start()
    await bus.publish(event(1))
    bus.subscribe(Subscription(name="late", wants=everything, apply=lambda tx, e: seen.append(e.id)))
    await bus.publish(event(2))
    assert await bus.drain(PATIENCE)
    assert seen == ["loans-2"]


async def test_an_event_exists_exactly_when_the_change_it_tells_of_does(bus, store):
    seen = []
    bus.subscribe(Subscription(name="a", wants=everything, apply=lambda tx, e: seen.append(e.id)))
    await bus.start()

    def change(tx, number, error=None):
        tx.connection.execute(meta.insert().values(key=f"state-{number}", value=""))
        bus.publish_in(tx, event(number))
        if error:
            raise error

    await store.write(lambda tx: change(tx, 1))
    with pytest.raises(LookupError):
        await store.write(lambda tx: change(tx, 2, LookupError()))
    assert await bus.drain(PATIENCE)
    assert seen == ["loans-1"]
    assert {key for (key,) in await rows(store, meta.c.key)} == {"schema_version", "state-1"}


async def test_an_effect_is_retried_until_it_is_delivered(bus):
    tries = []

    async def effect(event, attempt):
        tries.append(attempt.number)
        if attempt.number == 1:
            raise ConnectionError("refused")
        return Retry("later") if attempt.number < 4 else Delivered("done")

    bus.subscribe(Subscription(name="a", wants=everything, effect=effect, retry=SOON))
    await bus.start()
    await bus.publish(event(1))
    await emptied(bus)
    assert tries == [1, 2, 3, 4]


async def test_deliveries_to_a_held_handler_wait_in_their_order_and_cost_no_try(bus):
    held, seen = True, []

    async def effect(event, attempt):
        seen.append((event.data.job, attempt.number))
        return Delivered()

    async def other(event, _):
        if event.data.job == "2":
            all_told.set()
        return Delivered()

    all_told = asyncio.Event()
    bus.subscribe(Subscription(name="acts", wants=everything, effect=effect, retry=SOON, held=lambda: held))
    bus.subscribe(Subscription(name="tells", wants=everything, effect=other, retry=SOON))
    await bus.start()
    await bus.publish(*(event(number) for number in range(3)))
    await asyncio.wait_for(all_told.wait(), PATIENCE)
    assert seen == []
    held = False
    bus.wake()
    await emptied(bus)
    assert seen == [("0", 1), ("1", 1), ("2", 1)]


async def test_events_of_one_model_reach_an_ordered_handler_in_order_whatever_fails(bus):
    chance, done, active = Random(7), [], Counter()

    async def effect(event, attempt):
        model = event.data.model
        active[model] += 1
        assert active[model] == 1
        await asyncio.sleep(chance.random() / 500)
        active[model] -= 1
        if chance.random() < 0.4 and attempt.number < 9:
            return Retry("flaky")
        done.append(event.id)
        return Delivered()

    bus.subscribe(Subscription(name="a", wants=everything, effect=effect, retry=SOON, concurrency=3))
    await bus.start()
    models = ["north", "south", "west", "east"]
    await asyncio.gather(*(bus.publish(event(i, models[i % 4])) for i in range(40)))
    await emptied(bus)
    for index, model in enumerate(models):
        assert [name for name in done if name.startswith(model)] == [f"{model}-{i}" for i in range(index, 40, 4)]


async def test_a_local_handler_runs_once_for_each_event_and_in_order_whatever_fails(bus, store):
    chance, seen = Random(3), []

    def apply(tx, event):
        tx.connection.execute(meta.insert().values(key=event.id, value=""))
        tx.after_commit(lambda: seen.append(event.id))
        if chance.random() < 0.3:
            raise LookupError("flaky")

    retry = RetryPolicy(tries=100, first=timedelta(milliseconds=1), cap=timedelta(milliseconds=2))
    bus.subscribe(Subscription(name="a", wants=everything, apply=apply, retry=retry))
    await bus.start()
    await bus.publish(*(event(i, "north") for i in range(30)), *(event(i, "south") for i in range(30)))
    await emptied(bus)
    await store.write(lambda _: None)  # a reader may see a commit before its callbacks have run
    assert Counter(seen) == Counter({f"{model}-{i}": 1 for model in ("north", "south") for i in range(30)})
    assert [name for name in seen if name.startswith("north")] == [f"north-{i}" for i in range(30)]


async def test_a_final_outcome_is_reported_once_in_the_transaction_that_records_it(bus, store):
    async def effect(event, attempt):
        if event.id == "loans-1":
            return Delivered("200")
        return Rejected("410 gone") if event.id == "loans-2" else Retry("busy")

    def report(event, outcome, attempt, now):
        kind = AlertDelivered if isinstance(outcome, Delivered) else AlertFailed
        reason = outcome.detail if isinstance(outcome, Delivered) else outcome.reason
        data = AlertData(model="loans", channel="a", alert=event.id, reason=reason, attempts=attempt.number)
        return [make(kind, data, id=derive_id(event.id, "a"), time=now)]

    retry = RetryPolicy(tries=3, first=timedelta(milliseconds=1))
    wants = lambda e: e.type == "duetmind.job.started"  # noqa: E731
    bus.subscribe(Subscription(name="a", wants=wants, effect=effect, retry=retry, report=report))
    await bus.start()
    await bus.publish(event(1), event(2), event(3))
    await emptied(bus)
    reports = [e.event for e in await store.read(lambda conn: event_log.after(conn, 3))]
    assert [(r.type, r.data.reason, r.data.attempts) for r in reports] == [
        ("duetmind.alert.delivered", "200", 1),
        ("duetmind.alert.failed", "410 gone", 1),
        ("duetmind.alert.failed", "busy", 3),
    ]


async def test_what_an_earlier_life_left_unfinished_is_taken_up_at_once_and_its_late_answer_refused(store):
    entered, go_on, seen = asyncio.Event(), asyncio.Event(), []

    async def hangs(event, attempt):
        entered.set()
        await go_on.wait()
        return Delivered("by the first life")

    async def works(event, attempt):
        seen.append((event.id, attempt.number))
        return Delivered("by the second life")

    first = DurableBus(store, SystemClock(), owner="first life")
    first.subscribe(Subscription(name="a", wants=everything, effect=hangs))
    await first.start()
    await first.publish(event(1))
    await entered.wait()

    second = DurableBus(store, SystemClock(), owner="second life")
    second.subscribe(Subscription(name="a", wants=everything, effect=works))
    await second.start()
    assert await second.drain(PATIENCE)
    assert seen == [("loans-1", 1)]
    go_on.set()
    await first.stop()
    await second.stop()
    assert await rows(store, deliveries.c.outcome) == [("by the second life",)]


class CountingStore:
    """A store that counts how often it is asked."""

    def __init__(self, store):
        self.store, self.calls = store, 0

    def write(self, change):
        self.calls += 1
        return self.store.write(change)

    def read(self, query):
        self.calls += 1
        return self.store.read(query)


async def test_an_idle_bus_does_not_touch_the_store(store):
    counting = CountingStore(store)
    bus = DurableBus(counting, SystemClock(), owner="first life")
    bus.subscribe(Subscription(name="a", wants=everything, apply=lambda tx, e: None))
    bus.subscribe(Subscription(name="b", wants=everything, apply=lambda tx, e: None, ordered=False))
    await bus.start()
    await bus.publish(event(1))
    assert await bus.drain(PATIENCE)
    before = counting.calls
    await asyncio.sleep(0.2)
    assert counting.calls == before
    assert bus.next_due() is None
    await bus.stop()
