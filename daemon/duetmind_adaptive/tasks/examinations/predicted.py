"""Looking ahead: when, at this rate, a column will drift and the metric will be called degraded."""

from __future__ import annotations

from dataclasses import replace

from duetmind_adaptive.check_report import CheckReport, Forecast
from duetmind_adaptive.drift.forecast.outlook import column_forecasts, metric_forecast
from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.drift.performance import degraded_at
from duetmind_adaptive.drift.series import History
from duetmind_adaptive.tasks.examinations.metric import METRIC_TESTS
from duetmind_adaptive.tasks.view import View


def predicted(view: View, report: CheckReport, history: History) -> CheckReport:
    """Add the forecasts, that of the metric first; nothing where nothing moves beyond its noise."""
    columns = column_forecasts(
        history,
        report.window,
        threshold=view.model.drift_threshold,
        checks=view.promised_checks,
        leave_out=frozenset(column.name for column in report.drifted),
    )
    metric = _metric(view, report, history)
    return replace(report, predicted=(*([metric] if metric else []), *columns))


def _metric(view: View, report: CheckReport, history: History) -> Forecast | None:
    newest = next((each for each in (report.performance, *report.late[::-1]) if each is not None), None)
    if newest is None or newest.reference is None or newest.degraded:
        return None
    confidence = 1 - 1 / (METRIC_TESTS * view.alarm_checks("metric"))
    return metric_forecast(
        history,
        report.window,
        newest.reading.name,
        threshold=degraded_at(newest.reading, newest.reference, confidence=confidence),
        falls=higher_is_better(newest.reading.name),
        checks=view.promised_checks,
    )
