"""A model's life is told window by window from its log: what was measured, told and done until the next check."""

from datetime import UTC, datetime

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.event_data import CheckData, DriftData, PerformanceData, RetrainData, VersionData, WindowData
from duetmind_adaptive.events import (
    CheckCompleted,
    DriftDetected,
    DriftResolved,
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainRequested,
    make,
)
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.service.history import history, measured_of
from duetmind_adaptive.store.database import open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def window(index):
    return WindowData(first_row=index * 10, last_row=index * 10 + 10, rows=10)


def check(index, **changes):
    facts = {"metric": 0.9, "version": 1, "drift": False, "severity": "none"} | changes
    return CheckCompleted, CheckData(model="m", window=window(index), **facts)


def drift(kind, incident="i"):
    facts = {"cause": "data", "window": window(0), "drift": True, "severity": "high", "reason": "r", "opened": NOW}
    return kind, DriftData(model="m", incident=incident, **facts)


def version(kind, reason="gate_passed", number=2):
    return kind, VersionData(model="m", version=number, reason=reason)


def retrain(reason):
    return RetrainRequested, RetrainData(model="m", reason=reason)


async def told(*events, static=()):
    store = await open_store("sqlite://")
    bus = DurableBus(store, SystemClock(), owner="test")
    await bus.publish(*(make(kind, data, id=str(i), time=NOW) for i, (kind, data) in enumerate(events)))
    document = await store.read(lambda c: history(c, "m", metric="accuracy", static=static, seconds=1.0))
    await store.close()
    return document


async def test_what_happens_between_two_checks_belongs_to_the_first_of_them():
    document = await told(
        retrain("initial"), version(ModelPromoted, "first_version", 1), check(0), drift(DriftDetected),
        retrain("metric_degraded"), version(ModelRejected, "gate_failed"), check(1), retrain("metric_degraded"),
        version(ModelPromoted), check(2, version=2), static=(0.9, 0.8, 0.7),
    )  # fmt: skip
    assert [w["actions"] for w in document["windows"]] == [["retrain", "rejected"], ["retrain", "promoted"], []]
    assert [w["alerts"] for w in document["windows"]] == [1, 0, 0]
    assert [w["version"] for w in document["windows"]] == [1, 1, 2]


async def test_the_first_version_is_the_stage_and_not_an_act():
    document = await told(retrain("initial"), version(ModelPromoted, "first_version", 1), check(0), static=(0.9,))
    summary = document["summary"]
    assert (summary["retrains"], summary["promotions"]) == (0, 0)


async def test_an_incident_covers_every_window_until_it_is_over():
    document = await told(
        check(0), drift(DriftDetected), check(1), check(2), drift(DriftResolved), check(3), static=(1, 1, 1, 1)
    )
    assert [w["incident"] for w in document["windows"]] == [True, True, True, False]


async def test_a_metric_whose_labels_came_late_is_the_windows_metric():
    late = PerformanceData(window=window(0), metric=0.4, low=0.3, high=0.5, rows=10)
    document = await told(check(0, metric=None), check(1, late=(late,)), static=(0.9, 0.9))
    assert [w["metric"] for w in document["windows"]] == [0.4, 0.9]


async def test_means_leave_out_what_is_not_known():
    document = await told(check(0, metric=None), check(1, metric=0.5), static=(None, 0.25))
    assert (document["summary"]["metric"], document["summary"]["metric_static"]) == (0.5, 0.25)


async def test_a_rollback_is_counted_where_it_happened():
    document = await told(check(0), check(1), version(ModelRolledBack, "asked for", 1), static=(1, 1))
    assert document["windows"][1]["actions"] == ["rolled_back"]
    assert document["summary"]["rollbacks"] == 1


async def test_what_a_version_was_measured_on_is_the_windows_that_it_served_whenever_their_labels_came():
    late = PerformanceData(window=window(1), metric=0.7, low=0.6, high=0.8, rows=10, degraded=False)
    store = await open_store("sqlite://")
    bus = DurableBus(store, SystemClock(), owner="test")
    checks = [check(0), check(1, metric=None), check(2, metric=None), check(3, version=2, late=(late,))]
    await bus.publish(*(make(kind, data, id=str(i), time=NOW) for i, (kind, data) in enumerate(checks)))
    assert await store.read(lambda conn: measured_of(conn, "m", 1)) == {0: 0.9, 10: 0.7}
    assert await store.read(lambda conn: measured_of(conn, "m", 2)) == {30: 0.9}
    await store.close()
