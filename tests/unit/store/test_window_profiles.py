"""Stored profiles grow old: windows become days, days end, and each check does a bounded part of it."""

from datetime import UTC, datetime, timedelta

import pytest

from duetmind_adaptive.records import Window
from duetmind_adaptive.store import window_profiles
from duetmind_adaptive.store.database import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def store():
    opened = await open_store("sqlite://")
    yield opened
    await opened.close()


def window(hour: int) -> Window:
    start = START + hour * HOUR
    return Window(first_row=hour * 10, last_row=hour * 10 + 10, start=start, end=start + timedelta(minutes=59))


async def keep(store, hours, *, version: int = 1) -> None:
    def change(tx) -> None:
        for hour in hours:
            window_profiles.keep(tx, "loans", version, window(hour), f"h{hour}".encode(), now=START)

    await store.write(change)


async def fold_due(store) -> int:
    """Do what checks do, until nothing is due; the number of times."""
    times = 0
    while (due := await store.read(lambda conn: window_profiles.due(conn, "loans"))) is not None:
        version, held = due
        rows, bodies = zip(*held, strict=True)
        assert len(rows) <= window_profiles.FOLDED
        await store.write(lambda tx, v=version, r=rows, b=bodies: window_profiles.fold(tx, "loans", v, r, b"+".join(b)))
        times += 1
    return times


async def history(store) -> list[window_profiles.StoredProfile]:
    return await store.read(lambda conn: window_profiles.history(conn, "loans"))


async def test_nothing_is_due_before_a_day_is_two_weeks_over(store) -> None:
    await keep(store, range(24 * 15))
    assert await fold_due(store) == 0
    await keep(store, [24 * 15])
    assert await fold_due(store) == 1


async def test_windows_of_two_weeks_ago_become_days_that_hold_all_of_them_in_order(store) -> None:
    await keep(store, range(24 * 20))
    assert await fold_due(store) == 5
    days = [each for each in await history(store) if each.grain == "day"]
    assert [(day.window.first_row, day.window.rows) for day in days] == [(240 * at, 240) for at in range(5)]
    assert days[0].body == b"+".join(f"h{hour}".encode() for hour in range(24))
    assert (days[0].window.start, days[0].window.end) == (START, START + timedelta(hours=23, minutes=59))


async def test_versions_are_never_mixed(store) -> None:
    await keep(store, range(10), version=1)
    await keep(store, range(10, 24), version=2)
    await keep(store, range(24, 24 * 17), version=2)
    await fold_due(store)
    days = [(each.version, each.window.rows) for each in await history(store) if each.grain == "day"]
    assert days[:2] == [(1, 100), (2, 140)]


async def test_what_is_older_than_400_days_is_dropped(store) -> None:
    await keep(store, [0, 24, 24 * 399 + 1, 24 * 400 + 1])
    assert [each.window.first_row for each in await history(store)] == [240, (24 * 399 + 1) * 10, (24 * 400 + 1) * 10]


async def test_what_cannot_be_read_any_more_ends(store) -> None:
    await keep(store, [0, 1, 24 * 30])
    await store.write(lambda tx: window_profiles.fold(tx, "loans", 1, [0, 10], None))
    assert [each.window.first_row for each in await history(store)] == [24 * 300]


async def test_a_fold_that_is_repeated_changes_nothing(store) -> None:
    await keep(store, [0, 1, 24 * 30])
    for _ in range(2):
        await store.write(lambda tx: window_profiles.fold(tx, "loans", 1, [0, 10], b"day"))
    assert [(each.grain, each.body) for each in await history(store)] == [("day", b"day"), ("window", b"h720")]
