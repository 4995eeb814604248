"""Where the service's time comes from: the machine's clock, an accelerated one, or a simulated one.

All three keep `contracts.Clock`, so that the daemon, the demo's rehearsal and a backtest run the same code.
The accelerated clock is a pure function of the wall clock and three settings, so a restarted daemon goes on
where its time had come to; the simulated clock stands still until somebody moves it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from duetmind_adaptive.contracts import Clock
from duetmind_adaptive.settings.model import ClockSettings

#: longest single sleep in real seconds: a machine that was suspended or whose clock was set is noticed this soon
LONGEST_NAP = 60.0
#: how often a task woken by the simulated clock may hand on to another before the clock moves on
SETTLING_TURNS = 50


def utc_now() -> datetime:
    """The machine's present moment, aware, UTC."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return utc_now()

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now()` has reached `when`; naps are bounded, so a clock set forward is noticed."""
        while self.now() < when:
            left = (when - self.now()).total_seconds()
            await asyncio.sleep(min(max(left, 0.0), LONGEST_NAP))


class AcceleratedClock:
    """A rehearsal clock: `speed` seconds pass per real second.

    `now() = start + (wall - anchor) x speed`. The settings hold `start` and `anchor`, so the time survives a
    restart of the process.

    Parameters
    ----------
    speed
        Clock seconds per wall second, > 0.
    start
        What the clock showed at the wall time `anchor`; aware.
    anchor
        The wall time at which the rehearsal began; aware.
    wall
        Where the wall time comes from.

    Examples
    --------
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> clock = AcceleratedClock(3600, start=noon, anchor=noon, wall=lambda: noon + timedelta(seconds=2))
    >>> clock.now().isoformat()
    '2026-01-01T14:00:00+00:00'
    """

    def __init__(
        self, speed: float, start: datetime, anchor: datetime, *, wall: Callable[[], datetime] = utc_now
    ) -> None:
        if speed <= 0:
            raise ValueError(f"the clock's speed must be above 0, not {speed}")
        self.speed = speed
        self._start = start.astimezone(UTC)
        self._anchor = anchor.astimezone(UTC)
        self._wall = wall

    def now(self) -> datetime:
        """The present moment of the rehearsal, aware, UTC."""
        return self._start + (self._wall() - self._anchor) * self.speed

    def wall_time(self, when: datetime) -> datetime:
        """The wall time at which this clock shows `when`."""
        return self._anchor + (when - self._start) / self.speed

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now()` has reached `when`."""
        while self.now() < when:
            left = (self.wall_time(when) - self._wall()).total_seconds()
            await asyncio.sleep(min(max(left, 0.0), LONGEST_NAP))


class SimulatedClock:
    """A clock that stands still until `advance_to` moves it: for backtests and tests.

    Sleepers wake in the order of the moments they wait for, those that wait for the same moment in the order in
    which they fell asleep, and each sees its own moment in `now()`.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        """The moment the clock stands at, aware, UTC."""
        return self._now

    async def sleep_until(self, when: datetime) -> None:
        """Return once somebody has advanced the clock to `when`; at once if it is there already."""
        if when <= self._now:
            return
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (when.astimezone(UTC), self._count, future))
        await future

    async def advance_to(self, when: datetime) -> None:
        """Move to `when`, stopping at each sleeper's moment to let it (and what it wakes) run.

        A sleeper that falls asleep again before `when` is woken again in the same call. A `when` in the past
        moves nothing: time never goes back.
        """
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= when:
            moment, _, future = heapq.heappop(self._sleepers)
            if future.done():  # its task was cancelled
                continue
            self._now = max(self._now, moment)
            future.set_result(None)
            await self._settle()
        self._now = max(self._now, when.astimezone(UTC))

    @staticmethod
    async def _settle() -> None:
        """Give tasks that are ready their turns before time moves on."""
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)


def clock_from(settings: ClockSettings, *, wall: Callable[[], datetime] = utc_now) -> Clock:
    """The clock that the `clock` section asks for.

    A speed other than 1, a `start` or an `anchor` make it an accelerated one. `start` defaults to `anchor` and
    `anchor` to this moment, which a restart does not survive: a rehearsal that must, states both.

    Examples
    --------
    >>> type(clock_from(ClockSettings())).__name__
    'SystemClock'
    >>> type(clock_from(ClockSettings(speed=60))).__name__
    'AcceleratedClock'
    """
    if settings.speed == 1 and settings.start is None:
        return SystemClock()
    anchor = settings.anchor or wall()
    return AcceleratedClock(settings.speed, aware(settings.start or anchor), aware(anchor), wall=wall)


def aware(moment: datetime) -> datetime:
    """A moment without a time zone is meant as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def wall_delay(clock: Clock, when: datetime) -> timedelta:
    """How much real time passes until `clock` shows `when`; zero or less when it already does."""
    left = when - clock.now()
    return left / clock.speed if isinstance(clock, AcceleratedClock) else left
