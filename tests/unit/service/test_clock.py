"""The three clocks keep one contract."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from duetmind_adaptive.service.clock import AcceleratedClock, SimulatedClock, SystemClock, clock_from, wall_delay
from duetmind_adaptive.settings.model import ClockSettings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Wall:
    """A wall clock that a test moves."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def test_an_accelerated_clock_survives_a_restart() -> None:
    wall = Wall(NOON)
    settings = ClockSettings(speed=3600, start=datetime(2020, 1, 1, tzinfo=UTC), anchor=NOON)
    wall.at += timedelta(seconds=10)
    first = clock_from(settings, wall=wall)
    wall.at += timedelta(seconds=10)
    again = clock_from(settings, wall=wall)
    assert first.now() == again.now() == datetime(2020, 1, 1, 20, tzinfo=UTC)


def test_naive_settings_are_meant_as_utc() -> None:
    clock = clock_from(ClockSettings(speed=2, start=datetime(2020, 1, 1)), wall=Wall(NOON))  # noqa: DTZ001 - as YAML gives it
    assert clock.now() == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_delay_on_an_accelerated_clock_is_shorter_in_real_time() -> None:
    clock = AcceleratedClock(60, NOON, NOON, wall=Wall(NOON))
    assert wall_delay(clock, NOON + HOUR) == timedelta(minutes=1)
    assert clock.wall_time(NOON + HOUR) == NOON + timedelta(minutes=1)


def test_a_clock_does_not_stand_still_or_run_backwards() -> None:
    with pytest.raises(ValueError, match="above 0"):
        AcceleratedClock(0, NOON, NOON)


async def test_real_clocks_wake_no_sooner_than_asked() -> None:
    for clock in (SystemClock(), AcceleratedClock(1000, NOON, datetime.now(UTC))):
        when = clock.now() + timedelta(milliseconds=20)
        await clock.sleep_until(when)
        assert clock.now() >= when
        await clock.sleep_until(when - HOUR)


async def test_simulated_sleepers_wake_in_order_each_at_its_own_moment() -> None:
    clock = SimulatedClock(NOON)
    woken: list[tuple[str, datetime]] = []

    async def sleeper(name: str, *hours: int) -> None:
        for hour in hours:
            await clock.sleep_until(NOON + hour * HOUR)
            woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 3))
        group.create_task(sleeper("first", 1, 2))
        group.create_task(sleeper("second", 1))
        await clock.advance_to(NOON + 3 * HOUR)
    assert woken == [
        ("first", NOON + HOUR),
        ("second", NOON + HOUR),
        ("first", NOON + 2 * HOUR),
        ("late", NOON + 3 * HOUR),
    ]


async def test_a_cancelled_sleeper_does_not_stop_the_others() -> None:
    clock = SimulatedClock(NOON)
    gone = asyncio.create_task(clock.sleep_until(NOON + HOUR))
    stays = asyncio.create_task(clock.sleep_until(NOON + 2 * HOUR))
    await asyncio.sleep(0)
    gone.cancel()
    await clock.advance_to(NOON + 2 * HOUR)
    assert stays.done()
    assert gone.cancelled()


async def test_simulated_time_never_goes_back() -> None:
    clock = SimulatedClock(NOON)
    await clock.advance_to(NOON - HOUR)
    assert clock.now() == NOON
