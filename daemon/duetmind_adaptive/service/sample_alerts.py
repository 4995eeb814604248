"""A made-up incident from its opening to its end, to look at how messages read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from duetmind_adaptive.contracts import Alert, MeasuredWindow
from duetmind_adaptive.event_data import (
    ColumnEffect,
    DriftData,
    Insights,
    ReviewData,
    SinceData,
    VersionData,
    WindowData,
)
from duetmind_adaptive.events import (
    DriftDetected,
    DriftResolved,
    DriftUpdated,
    ModelRolledBack,
    ReviewRequested,
    derive_id,
    make,
)
from duetmind_adaptive.policy.alerts import alert_from
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.service.trend import WINDOWS


def sample_alerts(now: datetime) -> list[Alert]:
    """One message of each turn."""
    model, window = "loans", WindowData(first_row=50_000, last_row=51_000, rows=1000, start=now, end=now)
    moved = (
        ColumnEffect(column="income", kind="numeric", effect=0.31, words="its mean rose from 41,200 to 52,900"),
        ColumnEffect(column="employment", kind="categorical", effect=0.18),
        ColumnEffect(column="age", kind="numeric", effect=0.07),
    )
    since = SinceData(subject="accuracy", row=47_000, low_row=46_000, high_row=48_000)
    drift = DriftData(
        model=model, incident=derive_id("sample"), cause="performance", window=window, drift=True, severity="high",
        kinds=("data", "model"), metric=0.81, metric_name="accuracy", metric_reference=0.88, top=moved, columns=12,
        drifted=2, version=3, reason=Reason.FIRST, opened=now, insights=Insights(since=since),
    )  # fmt: skip
    question = ReviewData(model=model, review=derive_id("question"), subject="retrain_model", reason="accuracy fell")
    back = VersionData(model=model, version=3, previous=4, reason=Reason.BREACH)
    later = now + timedelta(hours=4)
    events = (
        make(DriftDetected, drift, id=derive_id("sample", 1), time=now),
        make(
            DriftUpdated, drift.model_copy(update={"reason": Reason.STILL_OPEN}), id=derive_id("sample", 2), time=later
        ),
        make(DriftResolved, drift.model_copy(update={"reason": Reason.CALM}), id=derive_id("sample", 3), time=later),
        make(ReviewRequested, question, id=derive_id("sample", 4), time=now),
        make(ModelRolledBack, back, id=derive_id("sample", 5), time=now),
    )
    alerts = [alert for event in events if (alert := alert_from(event)) is not None]
    trend = tuple(_measured(now, place) for place in range(-WINDOWS + 1, 1))
    return [replace(alert, trend=trend if isinstance(alert.event.data, DriftData) else ()) for alert in alerts]


def _measured(now: datetime, place: int) -> MeasuredWindow:
    """A window of the made-up past, 0 for the newest: 0.88, give or take, until the fall in the last four."""
    checked, wobble = now + place * timedelta(hours=1), (place * 7 % 5 - 2) * 0.003
    return MeasuredWindow(
        first_row=50_000 + place * 1000, last_row=51_000 + place * 1000, start=checked - timedelta(hours=1),
        checked=checked, metric=0.88 + wobble - 0.0175 * max(place + 4, 0),
    )  # fmt: skip
