"""What a check learned beside columns and metric, as events tell it: cut to what people and handlers act on."""

from __future__ import annotations

from duetmind_adaptive.check_report import Anomaly, ChangePoint, CheckReport, Estimate, Explained, Forecast, Segment
from duetmind_adaptive.event_data import (
    AnomalyData,
    EstimateData,
    ExplainedData,
    ForecastData,
    Insights,
    SegmentData,
    SinceData,
)
from duetmind_adaptive.service.explanation import explanation

#: of each kind that an event names; the store has them all
NAMED = 5


def insights(report: CheckReport) -> Insights:
    """The insights of one report."""
    return Insights(
        moved=moved(report),
        notes=_notes(report),
        estimate=_estimate(report.estimate) if report.estimate else None,
        segments=tuple(_segment(each) for each in report.segments if each.degraded)[:NAMED],
        where=report.concept.where[:NAMED] if report.concept and report.concept.drift else (),
        explained=tuple(map(_explained, report.explained[:NAMED])),
        since=_since(report.since) if report.since else None,
        explanation=explanation(report),
        predicted=tuple(map(_forecast, report.predicted[:NAMED])),
        anomalies=tuple(map(_anomaly, (*_of_series(report), *_of_rows(report)))),
        odd_rows=report.odd_rows.count if report.odd_rows else 0,
    )


def moved(report: CheckReport) -> tuple[str, ...]:
    """What moved beside columns and metric, by its name in the report ("together" for the columns jointly)."""
    holds = {
        "together": report.multivariate is not None and report.multivariate.drift,
        "prediction": report.prediction is not None and report.prediction.drift,
        "calibration": report.calibration is not None and report.calibration.drift,
        "segments": any(segment.degraded for segment in report.segments),
        "estimate": report.estimate is not None and report.estimate.fallen,
        "concept": report.concept is not None and report.concept.drift,
    }
    plugged = [f"detector {each.name}" for each in report.detectors if each.drift]
    return (*(name for name, held in holds.items() if held), *plugged)


def _notes(report: CheckReport) -> tuple[str, ...]:
    telling = (report.multivariate, report.calibration, report.concept, *report.detectors)
    return tuple(each.reason for each in telling if each is not None and each.drift and each.reason)


def _estimate(estimate: Estimate) -> EstimateData:
    return EstimateData(
        metric=estimate.value,
        low=estimate.low,
        high=estimate.high,
        reference=estimate.reference,
        trusted=estimate.trusted,
        reason=estimate.reason,
    )


def _segment(segment: Segment) -> SegmentData:
    return SegmentData(
        where=segment.where, share=segment.share, metric=segment.reading.value, reference=segment.reference.value
    )


def _explained(explained: Explained) -> ExplainedData:
    return ExplainedData(column=explained.column, share=explained.share, effect=explained.effect)


def _since(since: ChangePoint) -> SinceData:
    return SinceData(subject=since.subject, row=since.row, low_row=since.low_row, high_row=since.high_row, at=since.at)


def _forecast(forecast: Forecast) -> ForecastData:
    return ForecastData(
        subject=forecast.subject,
        threshold=forecast.threshold,
        windows=forecast.windows,
        low=forecast.low,
        high=forecast.high,
        at=forecast.at,
        confidence=forecast.confidence,
        low_at=forecast.low_at,
        high_at=forecast.high_at,
        sentence=forecast.sentence,
    )


def _of_rows(report: CheckReport) -> list[Anomaly]:
    return [each for each in report.anomalies if each.subject.startswith("row ")][:NAMED]


def _of_series(report: CheckReport) -> list[Anomaly]:
    return [each for each in report.anomalies if not each.subject.startswith("row ")][:NAMED]


def _anomaly(anomaly: Anomaly) -> AnomalyData:
    return AnomalyData(subject=anomaly.subject, score=anomaly.score, reason=anomaly.reason)
