"""Which moments a schedule names, above all on the days when clocks change (R25)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.service.schedule.slots import (
    check_schedule,
    due_time,
    next_slot,
    passed_slots,
    slots_between,
)
from duetmind_adaptive.settings.schedule import ScheduleSettings

DAY = timedelta(days=1)
#: zone -> the days on which its clocks go forward and back in 2026
CHANGES = {
    "Europe/London": ("2026-03-29", "2026-10-25"),
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Sydney": ("2026-10-04", "2026-04-05"),
}
EACH_CHANGE = [(zone, day, change) for zone, days in CHANGES.items() for change, day in zip((-1, 1), days, strict=True)]


def local_day(schedule: ScheduleSettings, day: str) -> list[datetime]:
    """The slots of one local day, found by starting anew after each one."""
    zone = ZoneInfo(schedule.timezone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
    after, end = midnight.astimezone(UTC) - timedelta(microseconds=1), (midnight + DAY).astimezone(UTC)
    found: list[datetime] = []
    while (slot := next_slot(schedule, after)) < end:
        found.append(slot)
        after = slot
    assert found == [slot for slot in slots_between(schedule, midnight - timedelta(microseconds=1), end) if slot < end]
    return found


@pytest.mark.parametrize(("zone", "day", "change"), EACH_CHANGE)
@pytest.mark.parametrize("clock", ["01:30", "02:30"])
def test_a_daily_slot_comes_exactly_once_on_every_day(zone: str, day: str, change: int, clock: str) -> None:
    hour, minute = clock.split(":")
    schedule = ScheduleSettings(cron=f"{int(minute)} {int(hour)} * * *", timezone=zone)
    for offset in (-1, 0, 1):
        date = f"{datetime.fromisoformat(day) + offset * DAY:%Y-%m-%d}"
        (slot,) = local_day(schedule, date)
        local = slot.astimezone(ZoneInfo(zone))
        assert f"{local:%H:%M}" == clock or (change == -1 and offset == 0 and local.minute == 0)
        assert local.fold == 0


@pytest.mark.parametrize(("zone", "day", "change"), EACH_CHANGE)
@pytest.mark.parametrize("schedule", [{"cron": "0 * * * *"}, {"every": "1h"}])
def test_an_hourly_slot_comes_23_or_25_times(zone: str, day: str, change: int, schedule: dict[str, str]) -> None:
    slots = local_day(ScheduleSettings.model_validate({**schedule, "timezone": zone}), day)
    assert len(slots) == 24 + change
    assert {b - a for a, b in pairwise(slots)} == {timedelta(hours=1)}
    assert {slot.astimezone(ZoneInfo(zone)).minute for slot in slots} == {0}


@pytest.mark.parametrize(("zone", "day", "change"), EACH_CHANGE)
@pytest.mark.parametrize("schedule", [{"cron": "*/30 * * * *"}, {"every": "30m"}])
def test_a_half_hourly_slot_comes_46_or_50_times(zone: str, day: str, change: int, schedule: dict[str, str]) -> None:
    slots = local_day(ScheduleSettings.model_validate({**schedule, "timezone": zone}), day)
    assert len(slots) == 48 + 2 * change
    assert {b - a for a, b in pairwise(slots)} == {timedelta(minutes=30)}


@pytest.mark.parametrize(("zone", "day", "change"), EACH_CHANGE)
def test_every_6h_keeps_to_the_wall_clock(zone: str, day: str, change: int) -> None:
    slots = local_day(ScheduleSettings.model_validate({"every": "6h", "timezone": zone}), day)
    assert [slot.astimezone(ZoneInfo(zone)).hour for slot in slots] == [0, 6, 12, 18]


@pytest.mark.parametrize(("zone", "day", "change"), EACH_CHANGE)
def test_every_1d_is_each_midnight(zone: str, day: str, change: int) -> None:
    (slot,) = local_day(ScheduleSettings.model_validate({"every": "1d", "timezone": zone}), day)
    assert slot.astimezone(ZoneInfo(zone)).hour == 0


def test_a_midnight_that_does_not_exist_is_the_first_moment_of_its_day() -> None:
    schedule = ScheduleSettings.model_validate({"every": "1d", "timezone": "America/Santiago"})
    slots = list(slots_between(schedule, datetime(2026, 9, 4, 12, tzinfo=UTC), datetime(2026, 9, 7, 12, tzinfo=UTC)))
    assert [f"{slot.astimezone(ZoneInfo('America/Santiago')):%d %H:%M}" for slot in slots] == [
        "05 00:00",
        "06 01:00",
        "07 00:00",
    ]


def test_week_days_are_numbered_as_in_crontab() -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
    for number, name in enumerate(names):
        slots = {next_slot(ScheduleSettings(cron=f"0 12 * * {field}"), monday) for field in (number, name)}
        (slot,) = slots
        assert f"{slot:%a}".upper() == name


def test_intervals_start_afresh_at_midnight_in_the_zone() -> None:
    schedule = ScheduleSettings.model_validate({"every": "7h", "timezone": "Asia/Kolkata"})
    slots = local_day(schedule, "2026-05-05")
    assert [slot.astimezone(ZoneInfo("Asia/Kolkata")).hour for slot in slots] == [0, 7, 14, 21]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cron": "* * * *"}, "five fields"),
        ({"cron": "0 0 * * * *"}, "five fields"),
        ({"cron": "61 * * * *"}, "malformed"),
        ({"cron": "0 0 31 2 *"}, "malformed"),
        ({"every": timedelta(0)}, "from 1s to 366d"),
        ({"every": timedelta(days=4_000_000)}, "from 1s to 366d"),
        ({"every": timedelta(hours=1), "timezone": "Europe/Atlantis"}, "no IANA time zone"),
        ({"every": timedelta(hours=1), "timezone": "../../etc/passwd"}, "no IANA time zone"),
        ({"every": timedelta(hours=1), "timezone": ""}, "no IANA time zone"),
        ({"every": timedelta(hours=1), "timezone": "Europe"}, "no IANA time zone"),
    ],
)
def test_a_schedule_that_cannot_run_is_refused_with_a_sentence(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        check_schedule(ScheduleSettings.model_construct(**fields))  # whatever the settings themselves refuse


SCHEDULES = st.one_of(
    st.builds(
        lambda seconds, zone: ScheduleSettings.model_validate({"every": seconds, "timezone": zone}),
        st.integers(60, 40 * 86_400),
        st.sampled_from([*CHANGES, "UTC", "Australia/Lord_Howe", "America/Santiago"]),
    ),
    st.builds(
        lambda minute, hour, zone: ScheduleSettings(cron=f"{minute} {hour} * * *", timezone=zone),
        st.sampled_from(["0", "30", "*/15", "5,35", "*"]),
        st.sampled_from(["*", "1", "2", "*/6", "1-3"]),
        st.sampled_from([*CHANGES, "UTC", "America/Santiago"]),
    ),
)
MOMENTS = st.integers(0, 365 * 86_400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


@settings(deadline=None)
@given(SCHEDULES, MOMENTS, st.integers(0, 100))
def test_slots_ascend_and_do_not_depend_on_where_the_count_begins(
    schedule: ScheduleSettings, after: datetime, hours: int
) -> None:
    until = after + timedelta(hours=hours)
    middle = after + (until - after) / 3
    whole = list(slots_between(schedule, after, until))
    assert all(a < b for a, b in pairwise(whole))
    assert all(after < slot <= until for slot in whole)
    assert whole == [*slots_between(schedule, after, middle), *slots_between(schedule, middle, until)]


@settings(deadline=None)
@given(SCHEDULES, MOMENTS, st.integers(0, 400), st.integers(1, 30))
def test_the_newest_slots_and_the_count_of_the_others_make_up_all(
    schedule: ScheduleSettings, after: datetime, hours: int, limit: int
) -> None:
    whole = list(slots_between(schedule, after, after + timedelta(hours=hours)))
    passed = passed_slots(schedule, after, after + timedelta(hours=hours), limit)
    if passed.exact:
        assert passed.older + len(passed.newest) == len(whole)
    assert passed.newest == whole[-limit:]
    if passed.older:
        assert passed.first == whole[0]


@settings(deadline=None)
@given(SCHEDULES, MOMENTS, st.integers(1, 7200))
def test_jitter_is_bounded_the_same_for_the_same_slot_and_keeps_the_order(
    schedule: ScheduleSettings, after: datetime, seconds: int
) -> None:
    jittered = schedule.model_copy(update={"jitter": timedelta(seconds=seconds)})
    slot = next_slot(jittered, after)
    due = due_time(jittered, "loans", slot)
    assert due == due_time(jittered, "loans", slot)
    assert slot <= due <= slot + timedelta(seconds=seconds)
    assert due < next_slot(jittered, slot)


def test_jitter_spreads_models_that_share_a_schedule() -> None:
    schedule = ScheduleSettings.model_validate({"every": "1h", "jitter": "10m"})
    slot = datetime(2026, 1, 1, 3, tzinfo=UTC)
    minutes = Counter((due_time(schedule, f"m{n}", slot) - slot) // timedelta(minutes=1) for n in range(1000))
    assert set(minutes) == set(range(10))
    assert max(minutes.values()) < 160
