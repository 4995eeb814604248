"""The bus in simulated and real time: isolation, dead letters, leases, replay, life."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from duetmind_adaptive.bus import deadletters
from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Delivered, Rejected, Retry, RetryPolicy, Subscription
from duetmind_adaptive.service.clock import SimulatedClock, SystemClock
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import deliveries, events

SOON = RetryPolicy(tries=10, first=timedelta(milliseconds=1), cap=timedelta(milliseconds=3))
PATIENCE = 20


def everything(_):
    return True


def recorder(seen, outcome=None):
    async def effect(event, attempt):
        seen.append((event.id, attempt.number))
        return outcome or Delivered()

    return effect


@pytest.fixture
async def live(store):
    """A bus on the machine's time, with quick leases."""
    bus = DurableBus(store, SystemClock(), owner="this life", lease=timedelta(seconds=0.2), heartbeat=0.02)
    yield bus
    await bus.stop(0)


async def until(condition):
    """Wait for `condition`; bounded, so that a failure is a failure and not a hang."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came true")


async def emptied(bus):
    """Wait until nothing is open, retries of the near future included."""
    for _ in range(10_000):
        if not (await bus.counts()).pending:
            return
        await asyncio.sleep(0.002)
    raise AssertionError("deliveries stay open")


# ---------------------------------------------------------------- simulated time


async def test_settling_works_off_everything_due_and_says_when_more_will_be(bus, clock, event):
    seen = []
    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen, Retry("no", timedelta(hours=2)))))
    await bus.publish(event(1), event(2), event(1, "north"))
    assert bus.next_due() == clock.now()
    assert not bus.quiet()
    await bus.settle()
    assert seen == [("loans-1", 1), ("north-1", 1)]
    assert bus.next_due() == clock.now() + timedelta(hours=2)
    assert bus.quiet()
    await bus.settle()
    assert len(seen) == 2
    await clock.advance_to(bus.next_due())
    await bus.settle()
    assert seen[2:] == [("loans-1", 2), ("north-1", 2)]


async def test_settling_goes_on_with_what_handlers_publish(bus, store, event):
    seen = []

    def apply(tx, received):
        seen.append(received.id)
        number = int(received.data.job)
        if number < 5:
            bus.publish_in(tx, event(number + 1))

    bus.subscribe(Subscription(name="a", wants=everything, apply=apply))
    await bus.publish(event(1))
    await bus.settle()
    assert seen == [f"loans-{i}" for i in range(1, 6)]
    assert bus.next_due() is None


async def history(seed, event):
    store = await open_store("sqlite://")
    clock = SimulatedClock(event(0).time)
    bus, seen, chance = DurableBus(store, clock, owner="x", random=Random(seed)), [], Random(seed)

    async def effect(received, attempt):
        seen.append((clock.now(), "effect", received.id, attempt.number))
        return Retry("no") if chance.random() < 0.5 else Delivered()

    def apply(tx, received):
        seen.append((clock.now(), "apply", received.id))
        if chance.random() < 0.3:
            raise LookupError

    bus.subscribe(Subscription(name="effect", wants=everything, effect=effect))
    bus.subscribe(Subscription(name="loose", wants=everything, effect=effect, ordered=False))
    bus.subscribe(Subscription(name="apply", wants=everything, apply=apply))
    for i in range(10):
        await bus.publish(event(i, f"model-{i % 3}"))
        await bus.settle()
    while due := bus.next_due():
        await clock.advance_to(due)
        await bus.settle()
    await store.close()
    return seen


async def test_the_same_seed_gives_the_same_history(event):
    assert await history(5, event) == await history(5, event)
    assert await history(5, event) != await history(6, event)


# ---------------------------------------------------------------- isolation and dead letters


async def test_a_poisoned_handler_delays_others_by_less_than_a_second(live, event):
    arrived = {}

    async def poisoned(event, attempt):
        raise RuntimeError("always")

    async def stuck(event, attempt):
        await asyncio.sleep(3600)

    async def healthy(event, attempt):
        arrived[event.id] = time.monotonic()
        return Delivered()

    live.subscribe(Subscription(name="poisoned", wants=everything, effect=poisoned, retry=SOON))
    live.subscribe(Subscription(name="stuck", wants=everything, effect=stuck))
    live.subscribe(Subscription(name="raises", wants=everything, apply=lambda tx, e: 1 / 0, retry=SOON))
    live.subscribe(Subscription(name="healthy", wants=everything, effect=healthy))
    await live.start()
    for number in range(20):
        published = time.monotonic()
        await live.publish(event(number))
        await until(lambda name=f"loans-{number}": name in arrived)
        assert arrived[f"loans-{number}"] - published < 1


async def test_a_poisoned_model_blocks_only_itself(bus, event):
    done = []

    async def effect(event, attempt):
        if event.data.model == "poison":
            return Retry("never", timedelta(days=1))
        done.append(event.id)
        return Delivered()

    bus.subscribe(Subscription(name="a", wants=everything, effect=effect))
    await bus.publish(*(event(i, model) for i in range(3) for model in ("poison", "north", "south")))
    await bus.settle()
    assert done == ["north-0", "south-0", "north-1", "south-1", "north-2", "south-2"]
    assert (await bus.counts()).pending == 3


async def test_a_delivery_is_a_dead_letter_after_ten_tries_with_its_error_history(bus, store, clock, event):
    tries = []

    async def effect(event, attempt):
        tries.append(attempt.number)
        raise ValueError(f"try {attempt.number}")

    bus.subscribe(Subscription(name="a", wants=everything, effect=effect))
    await bus.publish(event(1))
    await bus.settle()
    while due := bus.next_due():
        await clock.advance_to(due)
        await bus.settle()
    assert tries == list(range(1, 11))
    assert await bus.counts() == deadletters.Counts(pending=0, dead=1)
    (letter,) = await store.read(deadletters.dead_letters)
    assert (letter.event, letter.handler, letter.reason) == ("loans-1", "a", "ValueError: try 10")
    failures = await store.read(lambda conn: deadletters.failures(conn, letter.delivery))
    assert [failure.error for failure in failures] == [f"ValueError: try {i}" for i in range(1, 11)]
    assert [failure.attempt for failure in failures] == list(range(1, 11))


async def test_a_local_handler_that_keeps_failing_ends_as_a_dead_letter_too(bus, clock, event):
    bus.subscribe(Subscription(name="a", wants=everything, apply=lambda tx, e: 1 / 0, retry=SOON))
    await bus.publish(event(1), event(2))
    await bus.settle()
    while due := bus.next_due():
        await clock.advance_to(due)
        await bus.settle()
    assert await bus.counts() == deadletters.Counts(pending=0, dead=2)


async def test_what_is_rejected_is_not_tried_again_and_the_next_of_its_model_goes_on(bus, event):
    seen = []
    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen, Rejected("410"))))
    await bus.publish(event(1), event(2))
    await bus.settle()
    assert seen == [("loans-1", 1), ("loans-2", 1)]
    assert (await bus.counts()).dead == 2


async def test_dead_letters_are_replayed_by_id_and_by_range(bus, store, event):
    seen = []
    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen, Rejected("no"))))
    bus.subscribe(Subscription(name="b", wants=everything, apply=lambda tx, e: None))
    await bus.publish(*(event(i) for i in range(1, 6)))
    await bus.settle()
    letters = await store.read(deadletters.dead_letters)
    assert [letter.seq for letter in letters] == [5, 4, 3, 2, 1]
    assert [letter.seq for letter in await store.read(lambda c: deadletters.dead_letters(c, before_seq=3))] == [2, 1]

    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen)))
    seen.clear()
    assert await bus.replay(letters[0].delivery) == 1
    await bus.settle()
    assert seen == [("loans-5", 1)]
    assert await bus.replay_range(2, 3) == 2
    assert await bus.replay_range(2, 3) == 0
    assert await bus.replay_range(1, 5, handler="b") == 0
    await bus.settle()
    assert seen == [("loans-5", 1), ("loans-2", 1), ("loans-3", 1)]
    assert await bus.counts() == deadletters.Counts(pending=0, dead=2)


async def test_an_event_nobody_can_read_any_more_is_a_dead_letter_at_once(bus, store, event):
    for name, options in (("a", {"effect": recorder([])}), ("b", {"apply": lambda tx, e: None})):
        bus.subscribe(Subscription(name=name, wants=everything, **options))
    await bus.publish(event(1))
    await store.write(lambda tx: tx.connection.execute(update(events).values(body='{"type": "unheard.of"}')).rowcount)
    await bus.settle()
    assert await bus.counts() == deadletters.Counts(pending=0, dead=2)


async def test_a_handler_that_cannot_tell_what_it_wants_gets_the_event_and_harms_nobody(bus, event):
    seen = []
    bus.subscribe(Subscription(name="a", wants=lambda e: 1 / 0, effect=recorder(seen)))
    await bus.publish(event(1))
    await bus.settle()
    assert seen == [("loans-1", 1)]


async def test_a_report_that_cannot_be_made_undoes_nothing(bus, event):
    applied = []
    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder([]), report=lambda *_: 1 / 0))
    bus.subscribe(
        Subscription(name="b", wants=everything, apply=lambda tx, e: applied.append(e.id), report=lambda *_: 1 / 0)
    )
    await bus.publish(event(1))
    await bus.settle()
    assert applied == ["loans-1"]
    assert await bus.counts() == deadletters.Counts(pending=0, dead=0)


# ---------------------------------------------------------------- leases and limits


async def test_a_live_long_job_is_never_reclaimed(live, store, event):
    seen = []

    async def slow(event, attempt):
        seen.append(event.id)
        await asyncio.sleep(0.6)  # three leases long
        return Delivered("slow but alive")

    live.subscribe(Subscription(name="a", wants=everything, effect=slow))
    await live.start()
    rival = DurableBus(store, SystemClock(), owner="a rival that does not recover")
    rival.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen)))
    await live.publish(event(1))
    while not live.quiet():
        await rival.settle()
        await asyncio.sleep(0.01)
    assert seen == ["loans-1"]
    assert await store.read(lambda c: c.execute(select(deliveries.c.outcome)).scalar_one()) == "slow but alive"


async def test_a_claim_whose_owner_hangs_is_taken_over_when_its_lease_ends(bus, store, clock, event):
    seen, hung = [], asyncio.Event()

    async def hang(event, attempt):
        hung.set()
        await asyncio.sleep(3600)

    gone = DurableBus(store, clock, owner="hung", heartbeat=3600)
    gone.subscribe(Subscription(name="a", wants=everything, effect=hang, timeout=timedelta(hours=2)))
    await gone.publish(event(1))
    work = asyncio.create_task(gone.settle())
    await hung.wait()
    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen)))
    await bus.settle()
    assert seen == []
    assert bus.next_due() - clock.now() <= timedelta(seconds=45)
    await clock.advance_to(bus.next_due())
    await bus.settle()
    assert seen == [("loans-1", 1)]
    work.cancel()


async def test_a_try_that_takes_too_long_is_cancelled_and_counts_as_failed(live, store, event):
    cancelled = []

    async def slow_once(event, attempt):
        if attempt.number == 1:
            try:
                await asyncio.sleep(3600)
            finally:
                cancelled.append(event.id)
        return Delivered()

    limit = timedelta(seconds=0.05)
    live.subscribe(Subscription(name="a", wants=everything, effect=slow_once, timeout=limit, retry=SOON))
    await live.start()
    await live.publish(event(1))
    await emptied(live)
    assert cancelled == ["loans-1"]
    assert [f.error for f in await store.read(lambda c: deadletters.failures(c, 1))] == ["took longer than 0.05 s"]


async def test_no_more_run_at_once_than_the_subscription_allows(live, event):
    active, most = 0, 0

    async def effect(event, attempt):
        nonlocal active, most
        active += 1
        most = max(most, active)
        await asyncio.sleep(0.002)
        active -= 1
        return Delivered()

    live.subscribe(Subscription(name="a", wants=everything, effect=effect, ordered=False, concurrency=3))
    await live.start()
    await live.publish(*(event(i) for i in range(30)))
    assert await live.drain(PATIENCE)
    assert most == 3


async def test_a_full_disk_delays_deliveries_but_loses_none(tmp_path, event, monkeypatch):
    monkeypatch.setattr("duetmind_adaptive.bus.dispatcher.STORE_RETRY_SECONDS", 0.01)
    monkeypatch.setattr("duetmind_adaptive.bus.effects.STORE_RETRY_SECONDS", 0.01)
    store, seen = await open_store(f"sqlite:///{tmp_path}/bus.db"), []
    bus = DurableBus(store, SystemClock(), owner="x")
    full = asyncio.Event()

    async def effect(event, attempt):
        seen.append(event.id)
        await full.wait()
        return Delivered("x" * 20_000)

    bus.subscribe(Subscription(name="a", wants=everything, effect=effect))
    await bus.start()
    await bus.publish(event(1), event(2))

    def limit(pages):
        return lambda tx: tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one()

    await store.write(limit(1))
    full.set()
    await until(lambda: store.degraded)
    await store.write(limit(2**30))
    assert await bus.drain(PATIENCE)
    await emptied(bus)
    assert seen == ["loans-1", "loans-2"]
    await bus.stop()
    await store.close()


# ---------------------------------------------------------------- life


async def test_a_subscription_does_exactly_one_of_two_things(bus):
    with pytest.raises(ValueError, match="exactly one of effect and apply"):
        bus.subscribe(Subscription(name="a", wants=everything))
    with pytest.raises(ValueError, match="exactly one of effect and apply"):
        bus.subscribe(Subscription(name="a", wants=everything, effect=recorder([]), apply=lambda tx, e: None))
    bus.subscribe(Subscription(name="a", wants=everything, effect=recorder([])))
    with pytest.raises(ValueError, match="unsubscribe it before it changes its kind"):
        bus.subscribe(Subscription(name="a", wants=everything, apply=lambda tx, e: None))


async def test_an_unsubscribed_handler_gets_nothing_more_and_what_was_open_is_dead(live, event):
    seen = []
    live.subscribe(Subscription(name="a", wants=everything, effect=recorder(seen, Retry("no", timedelta(days=1)))))
    await live.start()
    await live.publish(event(1))
    assert await live.drain(PATIENCE)
    await live.unsubscribe("a")
    await live.publish(event(2))
    assert seen == [("loans-1", 1)]
    assert await live.counts() == deadletters.Counts(pending=0, dead=1)


async def test_stopping_lets_what_runs_finish_within_its_grace_and_takes_nothing_more(live, event):
    seen, entered = [], asyncio.Event()

    async def effect(event, attempt):
        entered.set()
        await asyncio.sleep(0.05)
        seen.append(event.id)
        return Delivered()

    live.subscribe(Subscription(name="a", wants=everything, effect=effect))
    await live.start()
    await live.publish(event(1), event(2))
    await entered.wait()
    await live.stop(PATIENCE)
    assert seen == ["loans-1"]
    assert (await live.counts()).pending == 1


async def test_draining_gives_up_when_its_time_is_over(live, event):
    async def stuck(event, attempt):
        await asyncio.sleep(3600)

    live.subscribe(Subscription(name="a", wants=everything, effect=stuck))
    await live.start()
    await live.publish(event(1))
    assert not await live.drain(0.02)


async def test_a_publisher_that_was_cancelled_keeps_no_other_waiting(live, store, event):
    first = asyncio.create_task(live.publish(event(1)))
    second = asyncio.create_task(live.publish(event(2)))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert await store.read(lambda c: len(c.execute(select(events)).all())) == 2


async def test_publishing_nothing_does_nothing(live, store):
    await live.publish()
    await store.write(live.publish_in)
    assert (await live.counts()).pending == 0


async def test_publishers_learn_that_the_store_failed(event):
    store = await open_store("sqlite://")
    bus = DurableBus(store, SystemClock(), owner="x")
    await store.close()
    with pytest.raises(Exception, match="is closed"):
        await bus.publish(event(1))
