"""A webhook's body is the event's own JSON, and never more than 20 kB of it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.event_data import ColumnEffect, DriftData, FindingData, JobData, WindowData
from duetmind_adaptive.events import DriftDetected, JobStarted, make, parse_event
from duetmind_handlers.alerts.envelope import LIMIT, envelope


def test_an_ordinary_incident_goes_as_it_is(make_alert):
    event = make_alert().event
    assert envelope(event) == event.model_dump_json().encode()


def test_an_incident_of_200_drifted_columns_fits_and_still_counts_them_all(make_alert, hostile_data):
    event = make_alert(**hostile_data).event
    assert len(event.model_dump_json()) > 2 * LIMIT
    body = envelope(event)
    assert len(body) <= LIMIT
    sent = parse_event(body)
    assert (sent.id, sent.type, sent.time, sent.source) == (event.id, event.type, event.time, event.source)
    assert sent.data.drifted == 200
    assert len(sent.data.findings) + sent.data.more_findings == 211
    assert sent.data.top
    assert sent.data.findings


def test_an_event_that_is_no_incident_goes_as_it_is(opened):
    event = make(JobStarted, JobData(model="loans", job="j", kind="train"), id="e", time=opened)
    assert envelope(event, limit=10) == event.model_dump_json().encode()


@given(
    top=st.lists(st.text(max_size=2_000).filter(str.isprintable), max_size=60),
    findings=st.lists(st.text(max_size=2_000).filter(str.isprintable), max_size=60),
)
def test_whatever_the_incident_it_fits_and_counts_what_it_leaves_out(top, findings):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    data = DriftData(
        model="m",
        incident="i",
        cause="data",
        window=WindowData(first_row=0, last_row=1, rows=1),
        drift=True,
        severity="low",
        top=tuple(ColumnEffect(column=name, kind="text", effect=0.1) for name in top),
        drifted=len(top),
        findings=tuple(FindingData(code="x", message=text) for text in findings),
        reason="first_drift",
        opened=now,
    )
    body = envelope(make(DriftDetected, data, id="e", time=now))
    sent = parse_event(body).data
    assert len(body) <= LIMIT
    assert len(sent.findings) + sent.more_findings == len(findings)
    assert sent.drifted == len(top)
