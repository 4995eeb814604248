"""A check's report reaches the event cut to what matters, and the store whole."""

import json
import math
from datetime import UTC, datetime

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import ColumnReport, Finding, MetricReading, Performance, TestResult, Window
from duetmind_adaptive.service.reports import TOP, completed, document

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(first_row=0, last_row=100)


def report(columns=0, findings=(), **changes):
    facts = {
        "window": WINDOW,
        "version": 1,
        "drift": True,
        "severity": "high",
        "kinds": ("data",),
        "columns": tuple(
            ColumnReport(name=f"c{i}", kind="numeric", drift=True, effect=1 - i / 1000) for i in range(columns)
        ),
        "findings": tuple(findings),
    }
    return CheckReport(**(facts | changes))


def test_an_event_names_the_columns_that_moved_most_and_counts_the_rest():
    event = completed("m", "accuracy", report(columns=200), id="x", now=NOW)
    assert [column.column for column in event.data.top] == [f"c{i}" for i in range(TOP)]
    assert (event.data.columns, event.data.drifted) == (200, 200)
    assert len(event.model_dump_json()) < 20_000


def test_findings_that_break_come_first_and_the_rest_is_counted():
    findings = [Finding(code="unseen", message=str(i)) for i in range(TOP)]
    findings.append(Finding(code="column_missing", message="gone", breaks=True))
    event = completed("m", None, report(findings=findings), id="x", now=NOW)
    assert event.data.findings[0].breaks
    assert event.data.more_findings == 1


def test_a_metric_stands_beside_its_reference_and_says_whether_it_suffers():
    reading = MetricReading(name="accuracy", value=0.6, low=0.5, high=0.7, error=0.05, rows=100)
    before = MetricReading(name="accuracy", value=0.9, low=0.8, high=1.0, error=0.05, rows=100)
    performance = Performance(window=WINDOW, reading=reading, reference=before, degraded=True)
    data = completed("m", "accuracy", report(performance=performance), id="x", now=NOW).data
    assert (data.metric, data.performance.reference, data.performance.degraded) == (0.6, 0.9, True)


def test_the_stored_document_is_json_even_where_a_statistic_is_no_number():
    odd = ColumnReport(name="c", kind="numeric", tests={"psi": TestResult(statistic=math.inf, p_value=math.nan)})
    whole = CheckReport(window=WINDOW, version=1, drift=False, severity="none", kinds=(), columns=(odd,))
    stored = json.loads(document(whole))
    assert stored["columns"][0]["tests"]["psi"] == {"statistic": None, "p_value": None, "p_adjusted": None}
