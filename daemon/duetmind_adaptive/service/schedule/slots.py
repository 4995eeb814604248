"""Which moments a schedule names: pure functions of the schedule and two moments.

A slot is the moment the schedule names, in UTC; its due time is the slot plus its jitter. Daylight saving is
followed the way Debian's cron does: a job at a stated hour runs exactly once on every day, a time that does
not exist being moved to the first one that does and a time that exists twice meaning the first; whatever
repeats at least hourly keeps its real pace, 23 or 25 times on the days of the changes.

Source: crontab(5) and cron(8) of Debian; https://github.com/cuu508/cronsim
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.schedule import ScheduleSettings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: shortest and longest interval a schedule may name
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=366)
#: a Thursday; intervals of a day and more are counted from its midnight
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall-clock moment, of whichever zone the schedule names
#: slots that are counted one by one beyond the newest; past that the count is 'more than'
COUNT_LIMIT = 10_000


def slots_between(schedule: ScheduleSettings, after: datetime, until: datetime) -> Iterator[datetime]:
    """The slots in `(after, until]`, ascending, in UTC.

    Raises
    ------
    ConfigError
        If the schedule names an unknown time zone, a malformed cron expression or an interval outside 1s to 366d.

    Examples
    --------
    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> [f"{slot:%H:%M}" for slot in slots_between(ScheduleSettings(every="25m"), noon, noon + HOUR)]
    ['12:05', '12:30', '12:55']
    """
    zone = _zone(schedule.timezone)
    for slot in _slots_after(schedule, zone, after.astimezone(UTC)):
        if slot > until:
            return
        yield slot


def next_slot(schedule: ScheduleSettings, after: datetime) -> datetime:
    """The first slot later than `after`.

    Raises
    ------
    ConfigError
        If the schedule is malformed (see `slots_between`) or names no moment within 50 years.

    Examples
    --------
    >>> next_slot(ScheduleSettings(cron="30 2 * * 7"), datetime(2026, 3, 2, tzinfo=UTC)).isoformat()
    '2026-03-08T02:30:00+00:00'
    """
    for slot in _slots_after(schedule, _zone(schedule.timezone), after.astimezone(UTC)):
        return slot
    raise ConfigError(f"schedule: cron {schedule.cron!r} never comes; mend the day and the month")


def due_time(schedule: ScheduleSettings, model: str, slot: datetime) -> datetime:
    """When a slot's check starts: a delay of at most `jitter`, always the same for one slot of one model.

    The delay also stays below the distance to the next slot, so slots come due in their order.
    """
    if not schedule.jitter:
        return slot
    digest = hashlib.sha256(f"{model}\x1f{slot.isoformat()}".encode()).digest()
    share = int.from_bytes(digest[:6]) / 2**48
    return slot + share * min(schedule.jitter, next_slot(schedule, slot) - slot)


@dataclass(frozen=True, slots=True)
class Passed:
    """The slots of a stretch of time: the newest one by one, those before them as a count and a range."""

    newest: list[datetime]
    older: int = 0
    first: datetime | None = None
    last: datetime | None = None
    #: False when there are more than `older`
    exact: bool = True


def passed_slots(schedule: ScheduleSettings, after: datetime, until: datetime, limit: int) -> Passed:
    """The slots in `(after, until]`, at most `limit` of them singly; the work is bounded however long it was.

    Examples
    --------
    >>> start = datetime(2020, 1, 1, tzinfo=UTC)
    >>> passed = passed_slots(ScheduleSettings(every="1m"), start, start + DAY, 10)
    >>> len(passed.newest), passed.older, passed.exact
    (10, 1430, True)
    """
    span = HOUR
    newest: deque[datetime] = deque(maxlen=limit)
    while True:  # from ever further back, until there are enough
        start = max(after, until - span)
        newest.clear()
        seen = sum(1 for slot in slots_between(schedule, start, until) if newest.append(slot) is None)
        if start == after or seen >= limit:
            break
        span *= 4
    if not newest or next_slot(schedule, after) == newest[0]:
        return Passed(list(newest))
    return _with_older(schedule, after, list(newest))


def _with_older(schedule: ScheduleSettings, after: datetime, newest: list[datetime]) -> Passed:
    older = list(islice(slots_between(schedule, after, newest[0] - timedelta(microseconds=1)), COUNT_LIMIT + 1))
    exact = len(older) <= COUNT_LIMIT
    last = older[-1] if exact else newest[0]
    return Passed(newest, min(len(older), COUNT_LIMIT), older[0], last, exact)


def check_schedule(schedule: ScheduleSettings) -> None:
    """Raise ConfigError with one sentence if the schedule can never run.

    Examples
    --------
    >>> check_schedule(ScheduleSettings(cron="0 0 31 2,4 *"))
    Traceback (most recent call last):
        ...
    duetmind_adaptive.errors.ConfigError: schedule: cron '0 0 31 2,4 *' is malformed (Bad day-of-month); see crontab(5)
    """
    next_slot(schedule, datetime(2026, 1, 1, tzinfo=UTC))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # a folder's name, an absolute path, an unknown key
        raise ConfigError(f"schedule: {name!r} is no IANA time zone; name one such as Europe/Berlin or UTC") from error


def _slots_after(schedule: ScheduleSettings, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    if schedule.cron is not None:
        return _cron_slots(schedule.cron, zone, after)
    every = schedule.every or timedelta(0)
    if not SHORTEST <= every <= LONGEST:
        raise ConfigError("schedule: every must be from 1s to 366d; write an interval such as 15m")
    if every <= HOUR:
        return _even_slots(every, zone, after)
    return _wall_slots(every, zone, after)


def _cron_slots(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    if len(expression.split()) != 5:
        raise ConfigError(f"schedule: cron {expression!r} must have five fields, as in crontab(5)")
    try:
        moments = CronSim(expression, after.astimezone(zone))
    except CronSimError as error:
        raise ConfigError(f"schedule: cron {expression!r} is malformed ({error}); see crontab(5)") from error
    utc = (moment.astimezone(UTC) for moment in moments)
    return (moment for moment in utc if moment > after)  # in a repeated hour cronsim starts with its first pass


def _even_slots(every: timedelta, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Slots at an even real pace, counted afresh from each midnight."""
    day = after.astimezone(zone).date()
    while True:
        midnight, end = _real(day, zone), _real(day + DAY, zone)
        first = max(0, (after - midnight) // every)
        for step in count(first):
            slot = midnight + step * every
            if slot >= end:
                break
            if slot > after:
                yield slot
        day += DAY


def _wall_slots(every: timedelta, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Slots at fixed times of the wall clock, counted from midnight or, from a day on, from the epoch's."""
    local = after.astimezone(zone).replace(tzinfo=None)
    if every >= DAY:
        first = (local - EPOCH) // every - 1
        walls = (EPOCH + step * every for step in count(first))
    else:
        midnight = datetime.combine(local.date(), time()) - DAY
        walls = (midnight + day * DAY + step * every for day in count() for step in range(-(-DAY // every)))
    reals = (wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls)
    return (slot for slot in reals if slot > after)


def _real(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
