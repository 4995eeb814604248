"""Each channel has deliveries of its own, takes what its routes give it, and what became of each is an event."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from duetmind_adaptive.bus.backoff import delay
from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.bus.deliveries import hasten
from duetmind_adaptive.bus.log import page
from duetmind_adaptive.contracts import Delivered, Rejected, Retry
from duetmind_adaptive.event_data import DriftData, WindowData
from duetmind_adaptive.events import AlertFailed, AlertSuppressed, DriftDetected, DriftResolved, DriftUpdated, make
from duetmind_adaptive.policy.reasons import Quiet
from duetmind_adaptive.service.alerting import ALERT_RETRY, Teller
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store import incidents, notices
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.notices import Silence
from duetmind_adaptive.store.tables import checks, deliveries, stamp

NOW = datetime(2026, 1, 1, tzinfo=UTC)

CONFIG = """
alerts:
  group_wait: 30s
  channels:
    quiet: {type: log}
    loud: {type: log, fallback: quiet}
    slow: {type: log, rate: 1 per 10s}
  routes:
    - {match: {severity: [medium]}, channels: [slow]}
    - {match: {severity: [high, critical]}, channels: [loud]}
    - {match: {severity: [low]}, channels: [quiet]}
"""


class Recorder:
    """A receiver that answers as it is told to and keeps when it got what."""

    def __init__(self, name, clock):
        self.name, self.clock, self.sent, self.outcome = name, clock, [], Delivered("ok")
        self.handles = []

    async def send(self, alert, attempt):
        self.handles.append(alert.handle)
        self.trend = [(each.first_row, each.checked, each.metric) for each in alert.trend]
        self.sent.append((self.clock.now() - NOW, alert.incident, alert.status, alert.lines))
        return self.outcome

    async def close(self):
        pass


@dataclass
class World:
    """A bus with three channels on a clock that stands still until it is moved."""

    store: Any
    bus: DurableBus
    clock: SimulatedClock
    channels: dict

    async def say(self, kind, severity="low", *, incident="i", model="m", reason="r", number=count()):  # noqa: B008
        """An incident's turn: its row and its event, as the policy writes them."""
        cause = "quality" if incident == "j" else "data"
        data = DriftData(
            model=model, incident=incident, cause=cause, drift=True, severity=severity,
            window=WindowData(first_row=0, last_row=10, rows=10), reason=reason, opened=self.clock.now(),
        )  # fmt: skip
        event = make(kind, data, id=f"{kind.__name__}-{next(number)}", time=self.clock.now())

        def change(tx):
            incidents.follow(tx, event)
            self.bus.publish_in(tx, event)

        await self.store.write(change)
        return event

    async def at(self, **moment):
        """Move the clock and have all that is due worked off."""
        until = NOW + timedelta(**moment)
        await self.bus.settle()
        while (due := self.bus.next_due()) is not None and due <= until:
            await self.clock.advance_to(due)
            await self.bus.settle()
        await self.clock.advance_to(until)
        await self.bus.settle()

    def got(self, name):
        return [(moment.total_seconds(), incident, status) for moment, incident, status, _ in self.channels[name].sent]

    async def told_of(self, kind):
        log = [logged.event for logged in await self.store.read(page)]
        return [(e.data.channel, str(e.data.reason), e.data.final) for e in reversed(log) if isinstance(e, kind)]


@pytest.fixture
async def world(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    loaded = load_config(tmp_path / "c.yaml", {})
    store, clock = await open_store("sqlite://"), SimulatedClock(NOW)
    bus = DurableBus(store, clock, owner="test", random=Random(1))
    channels = {name: Recorder(name, clock) for name in ("quiet", "loud", "slow")}
    for channel in channels.values():
        bus.subscribe(Teller(channel, lambda: loaded, store, clock).subscription())
    world = World(store, bus, clock, channels)
    yield world
    await world.at(days=30)
    await conserved(store)
    await store.close()


async def conserved(store):
    """R2: every message to a channel ends delivered, suppressed for a reason, or dead; none is lost, none hangs."""
    rows = await store.read(lambda conn: conn.execute(select(deliveries.c.state, deliveries.c.outcome)).all())
    assert {row.state for row in rows} <= {"delivered", "suppressed", "dead"}
    assert all(row.outcome for row in rows)


async def test_a_channel_gets_what_its_routes_give_it_after_the_group_wait(world):
    await world.say(DriftDetected, "low", incident="i")
    await world.say(DriftDetected, "critical", incident="j")
    await world.at(seconds=29)
    assert world.got("quiet") == world.got("loud") == []
    await world.at(seconds=31)
    assert world.got("quiet") == [(30, "i", "opened")]
    assert world.got("loud") == [(30, "j", "opened")]


async def test_what_opens_within_the_group_wait_is_one_message_that_names_both(world):
    await world.say(DriftDetected, incident="i")
    await world.at(seconds=10)
    await world.say(DriftDetected, incident="j")
    await world.at(minutes=20)
    assert world.got("quiet") == [(30, "i", "opened")]
    assert any("(j)" in line for line in world.channels["quiet"].sent[0][3])
    assert await world.told_of(AlertSuppressed) == [("quiet", "told_with_another", True)]


async def test_group_wait_group_interval_and_the_end(world):
    """R5, as want(between(t0, t1), alert)."""
    await world.say(DriftDetected, incident="i")
    await world.at(minutes=2)
    await world.say(DriftDetected, incident="j")
    await world.at(minutes=10)
    await world.say(DriftResolved, incident="i")
    await world.say(DriftResolved, incident="j")
    await world.at(minutes=20)
    wanted = [
        (30, 31, "i", "opened"),
        (330, 331, "j", "opened"),
        (600, 601, "i", "resolved"),
        (600, 601, "j", "resolved"),
    ]
    got = world.got("quiet")
    assert len(got) == len(wanted)
    for (at, incident, status), (first, last, *what) in zip(got, wanted, strict=True):
        assert first <= at <= last
        assert [incident, status] == what


async def test_an_incident_that_ends_within_the_group_wait_is_told_to_nobody(world):
    await world.say(DriftDetected)
    await world.at(seconds=5)
    await world.say(DriftResolved)
    await world.at(hours=1)
    assert world.got("quiet") == []
    reasons = [reason for _, reason, _ in await world.told_of(AlertSuppressed)]
    assert Counter(reasons) == {"over_before_it_was_told": 1, "its_opening_was_not_told": 3}


async def test_what_grows_worse_reaches_those_whom_its_severity_leads_to(world):
    await world.say(DriftDetected, "low")
    await world.at(minutes=1)
    await world.say(DriftUpdated, "critical")
    await world.at(minutes=30)
    assert world.got("loud") == [(60, "i", "updated")]


async def test_a_silence_holds_messages_back_and_its_early_end_lets_them_go(world):
    silence = Silence("m", NOW, NOW + timedelta(hours=2), "me", "loading")
    await world.store.write(lambda tx: notices.silence(tx, silence))
    await world.say(DriftDetected)
    await world.at(hours=1)
    assert world.got("quiet") == []

    def end(tx):
        assert hasten(tx.connection, model="m", reason=Quiet.SILENCED, now=stamp(world.clock.now())) == 1
        assert notices.end_silence(tx, "m")

    await world.store.write(end)
    world.bus.wake()
    await world.at(hours=1, seconds=1)
    assert [status for _, _, status in world.got("quiet")] == ["opened"]


async def test_at_the_end_of_a_silence_what_is_still_open_is_told(world):
    silence = Silence("m", NOW, NOW + timedelta(hours=2), "me", "loading")
    await world.store.write(lambda tx: notices.silence(tx, silence))
    await world.say(DriftDetected)
    await world.at(hours=3)
    assert world.got("quiet") == [(7200, "i", "opened")]


async def test_an_acknowledged_incident_is_not_repeated(world):
    await world.say(DriftDetected)
    await world.at(minutes=1)
    await world.store.write(
        lambda tx: notices.acknowledge(tx, "i", severity="low", by="me", note="", now=world.clock.now())
    )
    await world.say(DriftUpdated, reason="still_open")
    await world.at(hours=1)
    assert len(world.got("quiet")) == 1
    assert await world.told_of(AlertSuppressed) == [("quiet", "acknowledged", True)]


async def test_a_burst_keeps_the_channel_s_rate_and_loses_none(world):
    """R7a: waiting is a row with a moment, never a sleep in a handler."""
    for number in range(100):
        await world.say(DriftDetected, "medium", model=f"m{number}", incident=f"i{number}")
    await world.at(seconds=40)
    waiting = await world.store.read(
        lambda conn: conn.execute(select(deliveries.c.outcome).where(deliveries.c.state == "pending")).scalars().all()
    )
    assert waiting.count("rate_limit") == 98
    await world.at(hours=1)
    moments = [at for at, _, _ in world.got("slow")]
    assert len(moments) == 100
    assert min(later - earlier for earlier, later in pairwise(moments)) >= 10


async def test_what_a_channel_cannot_tell_for_15_minutes_another_tells_and_says_why(world):
    world.channels["loud"].outcome = Retry("connection refused")
    await world.say(DriftDetected, "critical")
    await world.at(minutes=14)
    assert world.got("quiet") == []
    await world.at(days=30)
    ((moment, incident, status, lines),) = world.channels["quiet"].sent
    assert timedelta(minutes=15) <= moment < timedelta(hours=2)
    assert (incident, status) == ("i", "opened")
    assert "loud could not tell this" in lines[0]
    assert "connection refused" in lines[0]
    assert await world.told_of(AlertFailed) == [
        ("loud", "connection refused", False),
        ("loud", "connection refused", True),
    ]


async def test_a_receiver_that_is_gone_is_left_alone_and_another_is_told_at_once(world):
    """R6e."""
    world.channels["loud"].outcome = Rejected("answered 410", gone=True)
    await world.say(DriftDetected, "critical")
    await world.at(minutes=1)
    await world.say(DriftDetected, "critical", incident="j")
    await world.at(hours=1)
    assert len(world.got("loud")) == 1
    assert [incident for _, incident, _ in world.got("quiet")] == ["i"]
    assert ("loud", "receiver_gone", True) in await world.told_of(AlertSuppressed)


async def test_what_a_receiver_knows_an_incident_by_comes_back_with_its_next_message(world):
    world.channels["quiet"].outcome = Delivered("1712345678.0001")
    await world.say(DriftDetected)
    await world.at(minutes=1)
    await world.say(DriftUpdated, reason="still_open")
    await world.at(minutes=3)  # it waits for the group's interval, which takes nothing away
    await world.at(minutes=30)
    await world.say(DriftResolved)
    await world.at(hours=1)
    assert world.channels["quiet"].handles == ["", "1712345678.0001", "1712345678.0001"]


async def test_a_message_knows_how_the_metric_went_up_to_its_own_window(world):
    metrics = {-20: 0.9, -10: None, 0: float("inf"), 10: 0.1} | {-30 - 10 * n: 0.8 for n in range(30)}

    def change(tx):
        for first, metric in metrics.items():
            tx.connection.execute(
                checks.insert().values(
                    model="m", first_row=first, last_row=first + 10, at=stamp(NOW + timedelta(minutes=first)), drift=0,
                    severity="low", metric=metric, labelled=1, report="{}",
                )
            )  # fmt: skip

    await world.store.write(change)
    await world.say(DriftDetected)
    await world.at(minutes=1)
    trend = world.channels["quiet"].trend
    assert len(trend) == 24
    assert [each[0] for each in trend] == sorted(each[0] for each in trend)
    assert trend[-3:] == [
        (-20, NOW - timedelta(minutes=20), 0.9),
        (-10, NOW - timedelta(minutes=10), None),
        (0, NOW, None),
    ]


async def test_an_incident_that_was_told_along_gets_a_message_of_its_own_when_it_goes_on(world):
    world.channels["quiet"].outcome = Delivered("1712345678.0001")
    await world.say(DriftDetected, incident="i")
    await world.say(DriftDetected, incident="j")
    await world.at(minutes=1)
    await world.say(DriftResolved, incident="j")
    await world.say(DriftResolved, incident="i")
    await world.at(hours=1)
    assert list(zip(world.got("quiet"), world.channels["quiet"].handles, strict=True)) == [
        ((30, "i", "opened"), ""),
        ((60, "j", "resolved"), ""),
        ((60, "i", "resolved"), "1712345678.0001"),
    ]


async def test_a_repeat_of_an_event_is_not_sent_again(world):
    event = await world.say(DriftDetected)
    for _ in range(3):
        await world.bus.publish(event)
        await world.at(minutes=1)
    assert len(world.got("quiet")) == 1


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
