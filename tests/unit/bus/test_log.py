"""The log read forward and backward."""

from __future__ import annotations

import pytest

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.events import JobFailed, JobStarted


@pytest.fixture
async def filled(bus, store, event):
    for i in range(1, 7):
        kind = JobFailed if i % 3 == 0 else JobStarted
        await bus.publish(event(i, "north" if i % 2 else "south", kind))
    return store


def page(store, **options):
    return store.read(lambda conn: [entry.seq for entry in event_log.page(conn, **options)])


async def test_pages_go_from_the_newest_back_and_meet_without_gap(filled):
    assert await page(filled, limit=4) == [6, 5, 4, 3]
    assert await page(filled, limit=4, before_seq=3) == [2, 1]


async def test_a_page_can_be_of_one_model_and_of_some_types(filled):
    assert await page(filled, model="north") == [5, 3, 1]
    assert await page(filled, types=["duetmind.job.failed"]) == [6, 3]
    assert await page(filled, model="north", types=["duetmind.job.failed"], limit=1) == [3]
    assert await page(filled, model="nobody") == []


async def test_a_follower_reads_on_behind_the_last_it_saw(filled, event):
    entries = await filled.read(lambda conn: event_log.after(conn, 2, 3))
    assert [entry.seq for entry in entries] == [3, 4, 5]
    assert entries[1].event == event(4, "south")
    assert await filled.read(event_log.last_seq) == 6


async def test_an_event_is_found_by_its_id(filled, event):
    found = await filled.read(lambda conn: event_log.by_id(conn, "south-2"))
    assert found is not None
    assert found.body == event(2, "south").model_dump_json()
    assert await filled.read(lambda conn: event_log.by_id(conn, "south-3")) is None
