"""A made-up incident from its opening to its end, to look at how messages read."""

from __future__ import annotations

from datetime import datetime, timedelta

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.event_data import ColumnEffect, DriftData, Insights, ReviewData, VersionData, WindowData
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


def sample_alerts(now: datetime) -> list[Alert]:
    """One message of each turn."""
    model, window = "loans", WindowData(first_row=50_000, last_row=51_000, rows=1000, start=now, end=now)
    income = ColumnEffect(column="income", kind="numeric", effect=0.31, words="its mean rose from 41,200 to 52,900")
    drift = DriftData(
        model=model, incident=derive_id("sample"), cause="performance", window=window, drift=True, severity="high",
        kinds=("data", "model"), metric=0.81, metric_name="accuracy", metric_reference=0.88, top=(income,), columns=12,
        drifted=1, version=3, reason=Reason.FIRST, opened=now, insights=Insights(),
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
    return [alert for event in events if (alert := alert_from(event)) is not None]
