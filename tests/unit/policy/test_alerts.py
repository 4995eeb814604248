"""Alerts say in plain sentences what an incident's event holds, and nothing in the data can break them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.event_data import CheckFailedData, ColumnEffect, DriftData, FindingData, WindowData
from duetmind_adaptive.events import CheckFailed, DriftDetected, DriftResolved, DriftUpdated, make
from duetmind_adaptive.policy.alerts import LINE_LIMIT, alert_from, inert
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.texts import printable

OPENED = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
DRIFT = DriftData(
    model="loans",
    incident="i-1",
    cause="data",
    window=WindowData(first_row=50_000, last_row=51_000, start=OPENED, end=OPENED + timedelta(hours=1), rows=1_000),
    drift=True,
    severity="high",
    kinds=("data", "model"),
    metric=0.81,
    metric_name="accuracy",
    metric_reference=0.9,
    top=tuple(ColumnEffect(column=f"c{i}", kind="numeric", effect=0.6 - i / 10) for i in range(6)),
    columns=50,
    drifted=12,
    reason=Reason.FIRST,
    opened=OPENED,
)


def said(kind=DriftDetected, *, at=OPENED, **changes):
    alert = alert_from(make(kind, DRIFT.model_copy(update=changes), id="e-1", time=at))
    assert alert is not None
    return alert


def test_an_opening_says_what_since_when_how_much_what_it_does_why_and_where_to_look():
    assert said().lines == (
        "Severity high: data and model drift; 12 of 50 columns moved.",
        "Seen in 1000 rows, from row 50000 up to row 51000, 2026-03-01 04:00 UTC to 2026-03-01 05:00 UTC.",
        (
            "Moved most: 'c0' very strongly (0.60), 'c1' very strongly (0.50), 'c2' strongly (0.40), "
            "'c3' strongly (0.30), 'c4' moderately (0.20), +7 more (from 0 to 1)."
        ),
        "The accuracy of these rows is 0.81, 0.09 below the reference of 0.9.",
        "Told because: first drift. Nothing is retrained for moved inputs alone; a metric that falls is told apart.",
        "Why, and who was told: duetmind incidents explain i-1",
        "Take it on: duetmind incidents ack i-1; be left alone: duetmind silence loans --for 2h",
    )


def test_a_resolution_says_that_it_is_over_how_long_it_lasted_and_how_bad_it_was():
    alert = said(DriftResolved, at=OPENED + timedelta(hours=30), reason=Reason.CALM)
    assert alert.status == "resolved"
    assert alert.lines[0] == "This is over: calm again. It lasted 1 day, 6:00:00 and was of high severity."


def test_all_alerts_of_an_incident_share_title_and_incident():
    alerts = [
        said(kind, at=OPENED + timedelta(hours=hour), severity=severity)
        for hour, (kind, severity) in enumerate(
            [(DriftDetected, "low"), (DriftUpdated, "critical"), (DriftResolved, "critical")]
        )
    ]
    assert {alert.title for alert in alerts} == {"Drift in loans since 2026-03-01 04:00 UTC"}
    assert {alert.incident for alert in alerts} == {"i-1"}
    assert [alert.status for alert in alerts] == ["opened", "updated", "resolved"]


def test_the_id_of_an_alert_is_the_event_s():
    assert said().id == "e-1"
    assert said().event.id == "e-1"


def test_broken_data_is_told_apart_from_drift():
    alert = said(cause="quality", findings=(FindingData(code="null_flood", message="'age' is empty", breaks=True),))
    assert alert.title.startswith("Broken data in loans")
    assert "Found: 'age' is empty" in alert.lines
    assert "No retrain learns from broken data" in " ".join(alert.lines)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metric": None}, "The accuracy of these rows is not known yet: their labels are not in."),
        ({"metric": None, "metric_name": None}, "The metric of these rows is not known yet: their labels are not in."),
        ({"metric_reference": None}, "The accuracy of these rows is 0.81."),
        ({"metric": 0.9}, "The accuracy of these rows is 0.9, the same as the reference of 0.9."),
        ({"metric": 0.95}, "The accuracy of these rows is 0.95, 0.05 above the reference of 0.9."),
    ],
)
def test_the_metric_is_told_as_far_as_it_is_known(changes, sentence):
    assert sentence in said(**changes).lines


def test_findings_beyond_the_first_are_counted_with_those_the_event_left_out():
    findings = tuple(FindingData(code="unseen", message=f"finding {i}") for i in range(5))
    lines = said(findings=findings, more_findings=7).lines
    assert [line for line in lines if line.startswith("Found")] == [f"Found: finding {i}" for i in range(3)]
    assert "+9 more findings." in lines


def test_an_incident_without_columns_times_or_findings_has_no_empty_sentence():
    bare = said(top=(), drifted=0, columns=0, kinds=(), window=WindowData(first_row=0, last_row=10, rows=10))
    assert all(bare.lines)
    assert not any(line.startswith("Moved") for line in bare.lines)


def test_other_events_tell_nobody():
    failed = make(
        CheckFailed, CheckFailedData(model="loans", reason="source_missing", message="gone"), id="e", time=OPENED
    )
    assert alert_from(failed) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_the_names_are_every_text_is_one_printable_bounded_line(model, column, finding, reason):
    alert = said(
        model=model,
        top=(ColumnEffect(column=column, kind="text", effect=0.3),),
        findings=(FindingData(code="x", message=finding),),
        reason=reason,
    )
    for text in (alert.title, alert.model, *alert.lines):
        assert text.isprintable()
        assert len(text) <= LINE_LIMIT


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"])
def test_no_line_begins_with_a_name_so_that_no_spreadsheet_takes_one_for_a_formula(name):
    alert = said(
        model=name,
        top=(ColumnEffect(column=name, kind="text", effect=0.3),),
        findings=(FindingData(code="x", message=name),),
    )
    assert all(text[0] not in "=+-@" for text in (alert.title, *alert.lines))


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_printable_is_idempotent_and_keeps_what_prints(text, limit):
    once = printable(text, limit)
    assert printable(once, limit) == once
    assert len(once) <= limit
    if text.isprintable() and len(text) <= limit:
        assert once == text


def test_making_an_alert_inert_twice_changes_nothing_more():
    alert = said(model="a\nb", top=(ColumnEffect(column="\x1b[31m" * 50, kind="text", effect=0.3),))
    assert inert(alert) == alert
