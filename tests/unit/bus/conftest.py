"""A store in memory, simulated time, and events to publish."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.event_data import JobData
from duetmind_adaptive.events import JobStarted, make
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.store.database import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store():
    database = await open_store("sqlite://")
    yield database
    await database.close()


@pytest.fixture
def clock():
    return SimulatedClock(START)


@pytest.fixture
async def bus(store, clock):
    bus = DurableBus(store, clock, owner="this life", random=Random(1))
    yield bus
    await bus.stop(0)


@pytest.fixture
def event():
    def build(number, model="loans", kind=JobStarted):
        return make(kind, JobData(model=model, job=str(number), kind="test"), id=f"{model}-{number}", time=START)

    return build
