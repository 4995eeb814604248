"""A stateful property: whatever crashes when, each slot has one row, none is absent, none is recorded twice (R25)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.service.schedule.slots import due_time, slots_between
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import slots, stamp, unstamp

START = datetime(2026, 3, 28, 22, 7, tzinfo=UTC)
SCHEDULES = [
    ScheduleSettings.model_validate({"every": "10m"}),
    ScheduleSettings.model_validate({"every": "25m", "jitter": "5m", "timezone": "Europe/Berlin"}),
    ScheduleSettings(cron="*/15 * * * *", timezone="Europe/Berlin"),
]


async def pause() -> None:
    await asyncio.sleep(0.0005)


class Alarms:
    """A timer that rings only when told to."""

    def __init__(self) -> None:
        self.fire: Callable[[str], None] = lambda model: None

    def start(self, fire: Callable[[str], None]) -> None:
        self.fire = fire

    def set(self, model: str, due: datetime) -> None: ...

    def cancel(self, model: str) -> None: ...

    def refresh(self) -> None: ...

    def stop(self) -> None: ...


class Daemon(RuleBasedStateMachine):
    """A model `stays` on a fixed schedule, another that comes and goes, and a daemon that is killed at will."""

    @initialize(schedule=st.sampled_from(SCHEDULES))
    def begin(self, schedule: ScheduleSettings) -> None:
        self.runner = asyncio.Runner()
        self.schedule = schedule
        self.models = {"stays": schedule}
        self.clock = SimulatedClock(START)
        self.store = self.run(open_store("sqlite://"))
        self.recorded: Counter[str] = Counter()
        self.working: set[asyncio.Future[bool]] = set()
        self.hold = False
        self.boot()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    def boot(self) -> None:
        self.alarms = Alarms()
        self.scheduler = Scheduler(self.store, self.clock, self.alarms, self.check, settled=self.count)
        self.run(self.scheduler.start(self.models))
        self.run(self.settle())

    def count(self, state: str, number: int) -> None:
        self.recorded[state] += number

    async def check(self, model: str, slot: datetime) -> None:
        if not self.hold:
            return
        future = asyncio.get_running_loop().create_future()
        self.working.add(future)
        try:
            if not await future:
                raise ValueError("the check failed")
        finally:
            self.working.discard(future)

    async def settle(self) -> None:
        """Ring what is due and wait until nothing moves but checks that are held."""
        for model, track in list(self.scheduler._tracks.items()):
            if track.pending.due <= self.clock.now():
                self.alarms.fire(model)
        while len(self.scheduler._tasks) > len(self.working):
            await pause()

    @rule(minutes=st.integers(1, 45), hold=st.booleans())
    def time_passes(self, minutes: int, hold: bool) -> None:
        self.hold = hold
        self.run(self.clock.advance_to(self.clock.now() + timedelta(minutes=minutes)))
        self.run(self.settle())

    @precondition(lambda self: self.working)
    @rule(good=st.booleans())
    def a_check_ends(self, good: bool) -> None:
        async def end() -> None:
            next(iter(self.working)).set_result(good)
            await asyncio.sleep(0)
            await self.settle()

        self.run(end())

    @rule(minutes=st.integers(0, 400))
    def killed_and_restarted(self, minutes: int) -> None:
        async def kill() -> None:
            tasks = [*self.scheduler._tasks, *([self.scheduler._beat] if self.scheduler._beat else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.clock.advance_to(self.clock.now() + timedelta(minutes=minutes))

        self.hold = False
        self.run(kill())
        self.boot()

    @rule()
    def the_other_model_comes_or_goes(self) -> None:
        if "other" in self.models:
            del self.models["other"]
        else:
            self.models["other"] = self.schedule
        self.run(self.scheduler.set_models(self.models))
        self.run(self.settle())

    @invariant()
    def every_slot_has_its_row(self) -> None:
        query = select(slots.c.model, slots.c.slot, slots.c.state)
        table = self.run(self.store.read(lambda conn: conn.execute(query).all()))
        now = self.clock.now()
        known = {unstamp(slot): state for model, slot, state in table if model == "stays"}
        due = {s for s in slots_between(self.schedule, START, now) if due_time(self.schedule, "stays", s) <= now}
        assert due <= known.keys(), "a slot is absent"
        running = self.scheduler._running.get("stays")
        assert {slot for slot in due if known[slot] == "due"} == ({running} if running else set())
        upcoming = known.keys() - due
        assert len(upcoming) == 1
        assert all(known[slot] == "due" for slot in upcoming)

    @invariant()
    def no_fate_is_recorded_twice(self) -> None:
        query = select(slots.c.state, slots.c.slot, slots.c.reason)
        table = self.run(self.store.read(lambda conn: conn.execute(query).all()))
        states = Counter(state for state, _, _ in table)
        for state in ("ran", "late"):
            assert states[state] == self.recorded[state]

    @invariant()
    def a_model_that_left_waits_for_nothing(self) -> None:
        if "other" in self.models or "other" in self.scheduler._running:
            return
        query = select(slots.c.slot).where(slots.c.model == "other", slots.c.state == "due")
        assert not self.run(self.store.read(lambda conn: conn.execute(query).all()))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.scheduler.stop(grace=0))
            self.run(self.store.close())
            self.runner.close()


Daemon.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestDaemon = Daemon.TestCase


def test_stamps_of_slots_sort_as_their_moments() -> None:
    moments = [START + timedelta(microseconds=n) for n in (0, 1, 10**6)]
    assert sorted(map(stamp, moments)) == list(map(stamp, moments))
