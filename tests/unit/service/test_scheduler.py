"""Every slot is a row and tells its fate, whatever happens in between (R24)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from duetmind_adaptive.errors import ConfigError, SourceError, StoreError
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.service.schedule import rows
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.store.database import Database, open_store
from duetmind_adaptive.store.tables import slots

START = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)
HOURLY = ScheduleSettings.model_validate({"every": "1h"})
EVERY_20M = ScheduleSettings.model_validate({"every": "20m"})


class Alarms:
    """A timer whose alarms go off when a test says so."""

    def __init__(self) -> None:
        self.at: dict[str, datetime] = {}
        self.fire: Callable[[str], None] | None = None

    def start(self, fire: Callable[[str], None]) -> None:
        self.fire = fire

    def set(self, model: str, due: datetime) -> None:
        self.at[model] = due

    def cancel(self, model: str) -> None:
        self.at.pop(model, None)

    def refresh(self) -> None:
        pass

    def stop(self) -> None:
        self.fire = None

    def ring(self, now: datetime) -> None:
        for model, due in list(self.at.items()):
            if due <= now and self.fire:
                del self.at[model]
                self.fire(model)


class Checks:
    """Stands for the check work: counts, and waits where a test holds it."""

    def __init__(self) -> None:
        self.started: list[tuple[str, datetime]] = []
        self.held: dict[str, asyncio.Event] = {}
        self.errors: dict[str, Exception] = {}

    async def __call__(self, model: str, slot: datetime) -> str:
        self.started.append((model, slot))
        if model in self.held:
            await self.held[model].wait()
        if model in self.errors:
            raise self.errors[model]
        return "3 windows checked"


@pytest.fixture
async def store() -> AsyncIterator[Database]:
    database = await open_store("sqlite://")
    yield database
    await database.close()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
def checks() -> Checks:
    return Checks()


async def fates(store: Database, model: str = "loans") -> list[str]:
    query = select(slots.c.slot, slots.c.state).where(slots.c.model == model).order_by(slots.c.slot)
    return [f"{slot[11:16]} {state}" for slot, state in await store.read(lambda conn: conn.execute(query).all())]


async def reason(store: Database, clock: str) -> str:
    query = select(slots.c.slot, slots.c.reason)
    found = await store.read(lambda conn: conn.execute(query).all())
    return next(reason or "" for slot, reason in found if slot[11:16] == clock)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await pause()


async def pause() -> None:
    await asyncio.sleep(0.001)


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{clock}+00:00")


async def play(scheduler: Scheduler, clock: SimulatedClock, end: datetime) -> None:
    """What a backtest does."""
    while (wake := scheduler.next_wake()) and wake <= end:
        await clock.advance_to(wake)
        await scheduler.run_due(wake)
    await clock.advance_to(end)


async def test_the_next_slot_is_a_row_before_it_comes(store: Database, clock: SimulatedClock, checks: Checks) -> None:
    scheduler = Scheduler(store, clock, None, checks)
    await scheduler.start({"loans": HOURLY})
    assert await fates(store) == ["11:00 due"]
    assert scheduler.next_due("loans") == at("11:00")
    assert scheduler.next_due("unknown") is None


async def test_a_backtest_drives_every_slot_without_a_timer(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    counted: list[tuple[str, int]] = []
    scheduler = Scheduler(store, clock, None, checks, settled=lambda state, n: counted.append((state, n)))
    await scheduler.start({"loans": HOURLY, "churn": EVERY_20M})
    await play(scheduler, clock, at("12:10"))
    assert await fates(store) == ["11:00 ran", "12:00 ran", "13:00 due"]
    assert checks.started[:4] == [
        ("churn", at("10:40")),
        ("churn", at("11:00")),
        ("loans", at("11:00")),
        ("churn", at("11:20")),
    ]
    assert counted == [("ran", 1)] * 7
    assert await reason(store, "12:00") == "3 windows checked"


async def test_after_downtime_one_check_catches_up_and_every_slot_is_told(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    await Scheduler(store, clock, None, checks).start({"loans": HOURLY})
    await clock.advance_to(at("15:30"))
    again = Scheduler(store, clock, None, checks)
    await again.start({"loans": HOURLY})
    await again.run_due(clock.now())
    assert await fates(store) == [
        "11:00 coalesced",
        "12:00 coalesced",
        "13:00 coalesced",
        "14:00 coalesced",
        "15:00 late",
        "16:00 due",
    ]
    assert checks.started == [("loans", at("15:00"))]
    assert await reason(store, "11:00") == "caught up by the check of 2026-03-01 15:00:00Z"
    assert await reason(store, "15:00") == "started 1800 s late; 3 windows checked"


async def test_years_of_downtime_leave_a_thousand_rows_and_one_that_counts_the_rest(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    minutely = {"loans": ScheduleSettings(cron="* * * * *")}
    await Scheduler(store, clock, None, checks).start(minutely)
    await clock.advance_to(START + timedelta(days=1000))
    again = Scheduler(store, clock, None, checks)
    await again.start(minutely)
    await again.run_due(clock.now())
    counts = await store.read(rows.counts)
    assert counts == {"missed": 1, "coalesced": 999, "ran": 1, "due": 1}
    told = await reason(store, "10:21")
    assert told.startswith("more than 10,000 slots from 2026-03-01 10:21:00Z to 2028-11-24 ")


async def test_a_slot_left_due_by_a_crash_is_run_again(store: Database, clock: SimulatedClock, checks: Checks) -> None:
    checks.held["loans"] = asyncio.Event()
    alarms = Alarms()
    crashed = Scheduler(store, clock, alarms, checks)
    await crashed.start({"loans": HOURLY})
    await clock.advance_to(at("11:00"))
    alarms.ring(clock.now())
    await until(lambda: checks.started)
    await crashed.stop(grace=0)
    assert await fates(store) == ["11:00 due", "12:00 due"]
    checks.held.clear()
    again = Scheduler(store, clock, None, checks)
    await again.start({"loans": HOURLY})
    await again.run_due(clock.now())
    assert await fates(store) == ["11:00 ran", "12:00 due"]
    assert checks.started == [("loans", at("11:00"))] * 2


async def test_a_slot_that_comes_during_its_models_check_is_coalesced(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    checks.held["loans"] = asyncio.Event()
    alarms = Alarms()
    scheduler = Scheduler(store, clock, alarms, checks)
    await scheduler.start({"loans": HOURLY})
    for hour in ("11:00", "12:00"):
        await clock.advance_to(at(hour))
        alarms.ring(clock.now())
        await until(lambda: alarms.at)
    assert scheduler.running("loans")
    checks.held["loans"].set()
    await until(lambda: not scheduler.running("loans"))
    assert await fates(store) == ["11:00 ran", "12:00 coalesced", "13:00 due"]
    assert await reason(store, "12:00") == "the check of 2026-03-01 11:00:00Z was still running"
    await scheduler.stop()


async def test_one_models_slow_check_does_not_delay_anothers(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    checks.held["slow"] = asyncio.Event()
    alarms = Alarms()
    scheduler = Scheduler(store, clock, alarms, checks)
    await scheduler.start({"slow": HOURLY, "swift": HOURLY})
    await clock.advance_to(at("11:00"))
    alarms.ring(clock.now())
    await until(lambda: len(checks.started) == 2 and not scheduler.running("swift"))
    assert await fates(store, "swift") == ["11:00 ran", "12:00 due"]
    assert await fates(store, "slow") == ["11:00 due", "12:00 due"]
    await scheduler.stop(grace=0)


@pytest.mark.parametrize(
    ("error", "told"),
    [(SourceError("no file matches x.csv"), "no file matches x.csv"), (KeyError("b"), "KeyError: 'b'")],
)
async def test_a_failed_check_is_a_missed_slot_with_its_reason_and_the_next_slot_comes(
    store: Database, clock: SimulatedClock, checks: Checks, error: Exception, told: str
) -> None:
    checks.errors["loans"] = error
    scheduler = Scheduler(store, clock, None, checks)
    await scheduler.start({"loans": HOURLY})
    await play(scheduler, clock, at("11:10"))
    checks.errors.clear()
    await play(scheduler, clock, at("12:10"))
    assert await fates(store) == ["11:00 missed", "12:00 ran", "13:00 due"]
    assert await reason(store, "11:00") == told


async def test_reload_adds_forgets_and_reschedules_without_touching_the_others(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    scheduler = Scheduler(store, clock, None, checks)
    await scheduler.start({"loans": HOURLY, "gone": HOURLY, "stays": HOURLY})
    await scheduler.set_models({"loans": EVERY_20M, "new": HOURLY, "stays": HOURLY})
    assert await fates(store, "loans") == ["10:40 due", "11:00 missed"]
    assert await reason(store, "11:00") in {"schedule changed", "model removed"}
    assert await fates(store, "gone") == ["11:00 missed"]
    assert await fates(store, "new") == await fates(store, "stays") == ["11:00 due"]
    await play(scheduler, clock, at("11:10"))
    assert await fates(store, "loans") == ["10:40 ran", "11:00 ran", "11:20 due"]
    assert scheduler.next_due("gone") is None


async def test_a_model_that_comes_back_is_planned_from_then_on(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    scheduler = Scheduler(store, clock, None, checks)
    await scheduler.start({"loans": HOURLY})
    await scheduler.set_models({})
    await scheduler.set_models({"loans": HOURLY})
    assert await fates(store) == ["11:00 due"]
    await scheduler.set_models({})
    await clock.advance_to(at("14:30"))
    await scheduler.set_models({"loans": HOURLY})
    assert await fates(store) == ["11:00 missed", "15:00 due"]


async def test_a_model_removed_while_the_daemon_was_down_is_told(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    await Scheduler(store, clock, None, checks).start({"loans": HOURLY})
    await Scheduler(store, clock, None, checks).start({})
    assert await fates(store) == ["11:00 missed"]
    assert await reason(store, "11:00") == "model removed"


async def test_a_check_that_runs_while_its_model_is_removed_ends_by_itself(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    checks.held["loans"] = asyncio.Event()
    alarms = Alarms()
    scheduler = Scheduler(store, clock, alarms, checks)
    await scheduler.start({"loans": HOURLY})
    await clock.advance_to(at("11:00"))
    alarms.ring(clock.now())
    await until(lambda: checks.started)
    await scheduler.set_models({})
    await scheduler.set_models({"loans": HOURLY})
    checks.held["loans"].set()
    await scheduler.stop()
    assert await fates(store) == ["11:00 ran", "12:00 due"]
    assert len(checks.started) == 1


async def test_a_schedule_that_cannot_run_changes_nothing(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    scheduler = Scheduler(store, clock, None, checks)
    await scheduler.start({"loans": HOURLY})
    with pytest.raises(ConfigError, match="IANA"):
        await scheduler.set_models({"new": HOURLY.model_copy(update={"timezone": "Mars/Olympus"})})
    assert scheduler.next_due("loans") == at("11:00")


async def test_a_clock_that_was_set_back_does_not_silence_a_model(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    await Scheduler(store, SimulatedClock(START + timedelta(days=900)), None, checks).start({"loans": HOURLY})
    scheduler = Scheduler(store, clock, None, checks)
    await scheduler.start({"loans": HOURLY})
    assert scheduler.next_due("loans") == at("11:00")


async def test_a_store_that_refuses_leaves_the_slot_for_the_next_beat(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    class Refusing(Database):
        refuse = False

        async def write(self, change):
            if self.refuse:
                raise StoreError("disk full")
            return await super().write(change)

    refusing = Refusing(None)
    await refusing.open()
    alarms = Alarms()
    scheduler = Scheduler(refusing, clock, alarms, checks)
    await scheduler.start({"loans": HOURLY})
    refusing.refuse = True
    await clock.advance_to(at("11:00"))
    alarms.ring(clock.now())
    await until(lambda: not scheduler._tasks)
    refusing.refuse = False
    scheduler._fire("loans")
    await until(lambda: checks.started and not scheduler._tasks)
    assert await fates(refusing) == ["11:00 ran", "12:00 due"]
    await scheduler.stop()
    await refusing.close()


async def test_stop_waits_for_a_running_check_and_starts_nothing_more(
    store: Database, clock: SimulatedClock, checks: Checks
) -> None:
    checks.held["loans"] = asyncio.Event()
    alarms = Alarms()
    scheduler = Scheduler(store, clock, alarms, checks)
    await scheduler.start({"loans": HOURLY})
    await clock.advance_to(at("11:00"))
    alarms.ring(clock.now())
    await until(lambda: checks.started)
    stopping = asyncio.create_task(scheduler.stop())
    await asyncio.sleep(0)
    checks.held["loans"].set()
    await stopping
    scheduler._fire("loans")
    assert not scheduler._tasks
    assert await fates(store) == ["11:00 ran", "12:00 due"]
