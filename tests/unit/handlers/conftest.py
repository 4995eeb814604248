"""Incidents as alerts, tame and hostile, for the tests of what handlers make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from duetmind_adaptive.contracts import Attempt
from duetmind_adaptive.event_data import ColumnEffect, DriftData, FindingData, WindowData
from duetmind_adaptive.events import DriftDetected, make
from duetmind_adaptive.policy.alerts import alert_from

OPENED = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def opened():
    return OPENED


@pytest.fixture
def attempt():
    return Attempt(delivery=1, number=1, since=OPENED)


@pytest.fixture
def make_alert():
    """Build an incident's alert; keywords change its data."""

    def build(kind=DriftDetected, *, id="0198c0de-0000-8000-8000-000000000001", **changes):
        data = DriftData(
            model="loans",
            incident="0198c0de-0000-8000-8000-0000000000ff",
            cause="data",
            window=WindowData(first_row=0, last_row=1_000, rows=1_000),
            drift=True,
            severity="high",
            kinds=("data",),
            metric=0.81,
            metric_name="accuracy",
            metric_reference=0.9,
            top=(ColumnEffect(column="age", kind="numeric", effect=0.4),),
            columns=50,
            drifted=1,
            reason="first_drift",
            opened=OPENED,
        )
        alert = alert_from(make(kind, data.model_copy(update=changes), id=id, time=OPENED))
        assert alert is not None
        return alert

    return build


@pytest.fixture(scope="session")
def make_alert_of():
    """Build an alert by hand from any texts."""
    window = WindowData(first_row=0, last_row=1, rows=1)
    data = DriftData(
        model="m", incident="i", cause="data", window=window, drift=True, severity="low", reason="r", opened=OPENED
    )
    alert = alert_from(make(DriftDetected, data, id="e", time=OPENED))
    assert alert is not None
    return lambda lines, title: replace(alert, lines=tuple(lines), title=title)


@pytest.fixture
def hostile_names():
    return [
        "a\nBcc: everyone@example.com",
        "a\r\n.\r\nMAIL FROM:<x@example.com>",
        "\x1b[31mred\x1b[0m",
        "<!channel>",
        "<@U123>",
        "<https://evil.example|click>",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "{title} %s {0.__class__}",
        "\u202eright to left",
        "*bold* _x_ `code` & co",
    ]


@pytest.fixture
def hostile_data(hostile_names):
    """200 drifted columns and findings, long and hostile."""
    names = [hostile_names[i % len(hostile_names)] + str(i) + "x" * 300 for i in range(200)]
    return {
        "top": tuple(ColumnEffect(column=name, kind="text", effect=0.5) for name in names),
        "findings": tuple(FindingData(code="unseen", message=name, column=name) for name in names),
        "more_findings": 11,
        "columns": 200,
        "drifted": 200,
    }
