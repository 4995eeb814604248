"""Each channel has deliveries of its own, takes what its routes give it, and what became of each is an event."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from duetmind_adaptive.bus.backoff import delay
from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.bus.log import page
from duetmind_adaptive.contracts import Delivered, Rejected
from duetmind_adaptive.event_data import DriftData, WindowData
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated, make
from duetmind_adaptive.service.alerting import ALERT_RETRY, channel_subscription
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store.database import open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)

CONFIG = """
alerts:
  channels: {quiet: {type: log}, loud: {type: log}}
  routes:
    - {match: {severity: [critical]}, channels: [loud]}
    - {match: {severity: [low]}, channels: [quiet]}
"""


class Recorder:
    def __init__(self, name, outcome):
        self.name, self.outcome, self.sent = name, outcome, []

    async def send(self, alert, attempt):
        self.sent.append((alert.id, alert.status))
        return self.outcome

    async def close(self):
        pass


def event(kind, severity, number):
    window = WindowData(first_row=0, last_row=10, rows=10)
    data = DriftData(
        model="m", incident="i", cause="data", window=window, drift=True, severity=severity, reason="r", opened=NOW
    )
    return make(kind, data, id=str(number), time=NOW)


@pytest.fixture
async def world(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    loaded = load_config(tmp_path / "c.yaml", {})
    store = await open_store("sqlite://")
    bus = DurableBus(store, SystemClock(), owner="test")
    quiet, loud = Recorder("quiet", Delivered("ok")), Recorder("loud", Rejected("the receiver is gone"))
    for channel in (quiet, loud):
        bus.subscribe(channel_subscription(channel, lambda: loaded))
    yield bus, store, quiet, loud
    await store.close()


async def test_a_channel_gets_what_its_routes_give_it(world):
    bus, _, quiet, loud = world
    await bus.publish(event(DriftDetected, "low", 1), event(DriftDetected, "critical", 2))
    await bus.settle()
    assert quiet.sent == [("1", "opened")]
    assert loud.sent == [("2", "opened")]


async def test_people_are_told_of_the_opening_and_the_end_and_not_of_every_update(world):
    bus, _, quiet, _ = world
    await bus.publish(*(event(kind, "low", i) for i, kind in enumerate((DriftDetected, DriftUpdated, DriftResolved))))
    await bus.settle()
    assert [status for _, status in quiet.sent] == ["opened", "resolved"]


async def test_what_became_of_a_message_is_an_event_that_names_channel_and_reason(world):
    bus, store, _, _ = world
    await bus.publish(event(DriftDetected, "low", 1), event(DriftDetected, "critical", 2))
    await bus.settle()
    log = [logged.event for logged in await store.read(page)]
    told = {(e.type, e.data.channel, e.data.reason) for e in log if e.type.startswith("duetmind.alert")}
    assert told == {
        ("duetmind.alert.delivered", "quiet", "ok"),
        ("duetmind.alert.failed", "loud", "the receiver is gone"),
    }


async def test_a_repeat_of_an_event_is_not_sent_again(world):
    bus, _, quiet, _ = world
    for _ in range(3):
        await bus.publish(event(DriftDetected, "low", 1))
        await bus.settle()
    assert len(quiet.sent) == 1


def test_a_receiver_that_is_down_is_tried_for_more_than_75_hours_at_moments_of_chance():
    """R6d; tried at once, then nine times more."""

    def waits(seed: int) -> list[timedelta]:
        random = Random(seed)
        return [delay(ALERT_RETRY, failures, random) for failures in range(1, ALERT_RETRY.tries)]

    totals = [sum(waits(seed), timedelta()) for seed in range(200)]
    assert timedelta(hours=75) < min(totals)
    assert max(totals) < timedelta(hours=101)
    assert len(set(totals)) == len(totals)
    assert waits(1)[0] <= timedelta(seconds=10)
