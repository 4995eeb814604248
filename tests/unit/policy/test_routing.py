"""Routes lead the opening and the end of an incident to the same people, and nothing else to anyone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from duetmind_adaptive.event_data import DriftData, WindowData
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated, make
from duetmind_adaptive.policy.routing import channels_for
from duetmind_adaptive.settings.alerts import MatchSettings, RouteSettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHANNELS = ("log", "ops", "team")


def drift(kind=DriftDetected, *, model="loans", severity="high", kinds=("data",)):
    data = DriftData(
        model=model,
        incident="i",
        cause="drift",
        window=WindowData(first_row=0, last_row=1, rows=1),
        drift=True,
        severity=severity,
        kinds=kinds,
        reason="first_drift",
        opened=NOW,
    )
    return make(kind, data, id="e", time=NOW)


def route(*channels, **match):
    return RouteSettings(match=MatchSettings(**match), channels=channels)


@pytest.mark.parametrize("kind", [DriftDetected, DriftResolved])
def test_without_routes_every_channel_hears_of_opening_and_end(kind):
    assert channels_for(drift(kind), (), CHANNELS) == CHANNELS


def test_an_update_goes_where_its_severity_leads_it():
    routes = (route("ops", severity=["high"]), route("team", severity=["low"]))
    assert channels_for(drift(DriftUpdated, severity="high"), routes, CHANNELS) == ("ops",)


@pytest.mark.parametrize(("tags", "taken"), [((), False), (("eu",), False), (("eu", "credit"), True)])
def test_a_route_may_ask_for_a_tag_of_the_model(tags, taken):
    assert channels_for(drift(), (route("ops", tags=["credit", "risk"]),), CHANNELS, tags=tags) == (
        ("ops",) if taken else ()
    )


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({}, True),
        ({"severity": ["high", "critical"]}, True),
        ({"severity": ["low"]}, False),
        ({"model": ["loans"]}, True),
        ({"model": ["churn"]}, False),
        ({"kind": ["data", "concept"]}, True),
        ({"kind": ["model"]}, False),
        ({"model": ["loans"], "severity": ["high"], "kind": ["data"]}, True),
        ({"model": ["loans"], "severity": ["low"], "kind": ["data"]}, False),
    ],
)
def test_every_stated_field_must_fit(match, taken):
    assert channels_for(drift(), (route("ops", **match),), CHANNELS) == (("ops",) if taken else ())


def test_matching_routes_add_up_in_the_order_of_the_channels_each_once():
    routes = (route("team", "ops", severity=["high"]), route("ops", "log", model=["loans"]))
    assert channels_for(drift(), routes, CHANNELS) == CHANNELS


def test_names_that_are_no_channel_are_ignored():
    assert channels_for(drift(), (route("pager", "ops"),), CHANNELS) == ("ops",)


@pytest.mark.parametrize("severity", ["low", "medium", "high", "critical"])
def test_the_end_goes_to_whoever_may_have_heard_of_the_opening_however_grave_it_became(severity):
    routes = (route("ops", severity=["high", "critical"]), route("team", severity=["low", "medium"]))
    assert channels_for(drift(DriftResolved, severity=severity), routes, CHANNELS) == ("ops", "team")
