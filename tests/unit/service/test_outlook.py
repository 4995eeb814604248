"""What a check foretells and finds odd reaches people in one sentence each, through store, status and event."""

from __future__ import annotations

from datetime import UTC, datetime

from duetmind_adaptive.check_report import Anomaly, CheckReport, Forecast, OddRows
from duetmind_adaptive.records import Window
from duetmind_adaptive.service.documents import outlook
from duetmind_adaptive.service.reports import completed, document

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SOON = "At this rate the accuracy falls below 0.82 between 3 and 9 December."
ROWS = "1 of 100 row looks like none of the reference: row 7: age is 400 (before 16 to 97)."
EMPTY = "this window has 214 rows; Mondays at this hour had 980 to 1,050"
REPORT = CheckReport(
    window=Window(first_row=0, last_row=100),
    version=1,
    drift=False,
    severity="none",
    kinds=(),
    predicted=(
        Forecast(subject="accuracy", value=0.85, threshold=0.82, windows=9, low=8, high=14, low_at=NOW, sentence=SOON),
    ),
    anomalies=(
        Anomaly(subject="rows", score=-40.0, reason=EMPTY),
        Anomaly(subject="row 7", score=9.0, reason="row 7: age is 400 (before 16 to 97)"),
    ),
    odd_rows=OddRows(count=1, share=0.01, false_share=0.01, sentence=ROWS),
)


def test_status_has_a_sentence_for_each() -> None:
    assert outlook(document(REPORT)) == {"predicted": [SOON], "unusual": [ROWS, EMPTY]}


def test_a_model_without_a_check_or_with_one_of_an_older_program_has_none() -> None:
    assert outlook(None) == outlook("{}") == {"predicted": [], "unusual": []}


def test_the_event_holds_forecast_series_and_rows() -> None:
    insights = completed("m", "accuracy", REPORT, id="x", now=NOW).data.insights
    assert insights.predicted[0].sentence == SOON
    assert insights.predicted[0].low_at == NOW
    assert [each.subject for each in insights.anomalies] == ["rows", "row 7"]
    assert insights.odd_rows == 1
