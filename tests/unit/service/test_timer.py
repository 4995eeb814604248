"""The timer wakes on the daemon's clock, however fast that runs, and never drops an alarm."""

import asyncio
from datetime import UTC, datetime, timedelta

from duetmind_adaptive.service.clock import AcceleratedClock, SystemClock
from duetmind_adaptive.service.schedule import rows
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.service.schedule.timer import ModelTimer
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.store.database import open_store

HOUR = timedelta(hours=1)


def rehearsal(speed: float) -> AcceleratedClock:
    return AcceleratedClock(speed, datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC))


async def test_an_alarm_rings_when_the_accelerated_clock_gets_there() -> None:
    clock = rehearsal(36_000)
    rung: asyncio.Queue[tuple[str, datetime]] = asyncio.Queue()
    timer = ModelTimer(clock)
    timer.start(lambda model: rung.put_nowait((model, clock.now())))
    due = clock.now() + HOUR
    timer.set("loans", due)
    model, when = await rung.get()
    timer.stop()
    assert model == "loans"
    assert when >= due


async def test_an_alarm_in_the_past_rings_at_once_and_one_that_was_moved_rings_once() -> None:
    clock = SystemClock()
    rung: asyncio.Queue[str] = asyncio.Queue()
    timer = ModelTimer(clock)
    timer.start(rung.put_nowait)
    timer.set("moved", clock.now() + HOUR)
    timer.set("cancelled", clock.now() - HOUR)
    timer.cancel("cancelled")
    timer.cancel("unknown")
    timer.set("moved", clock.now() - HOUR)
    timer.refresh()
    assert await rung.get() == "moved"
    await asyncio.sleep(0)
    assert rung.empty()
    timer.stop()
    timer.stop()


async def test_an_alarm_set_while_its_own_rings_is_not_dropped() -> None:
    clock = SystemClock()
    timer = ModelTimer(clock)
    rung: list[str] = []
    done = asyncio.Event()

    def ring(model: str) -> None:
        rung.append(model)
        if len(rung) < 20:
            timer.set(model, clock.now())
        else:
            done.set()

    timer.start(ring)
    timer.set("loans", clock.now())
    await done.wait()
    timer.stop()
    assert len(rung) == 20


async def test_a_moment_beyond_the_calendar_can_be_waited_for() -> None:
    timer = ModelTimer(rehearsal(1e-3))
    timer.start(lambda model: None)
    timer.set("loans", datetime(2030, 1, 1, tzinfo=UTC))
    timer.stop()


async def test_the_scheduler_runs_on_the_real_timer_without_losing_a_slot() -> None:
    clock = rehearsal(36_000)
    store = await open_store("sqlite://")
    ran: list[datetime] = []
    enough = asyncio.Event()

    async def check(_model: str, slot: datetime) -> None:
        ran.append(slot)
        if len(ran) >= 5:
            enough.set()

    scheduler = Scheduler(store, clock, ModelTimer(clock), check)
    await scheduler.start({"loans": ScheduleSettings.model_validate({"every": "1h"})})
    await enough.wait()
    await scheduler.stop()
    counts = await store.read(rows.counts)
    assert counts["due"] == 1
    assert counts["ran"] == len(ran)
    await store.close()
