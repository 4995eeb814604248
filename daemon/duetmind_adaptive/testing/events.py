"""Events and alerts as a daemon would make them, for suites and for tests of one's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from duetmind_adaptive.contracts import Alert, Attempt
from duetmind_adaptive.event_data import ColumnEffect, DriftData, RetrainData, ReviewData, VersionData, WindowData
from duetmind_adaptive.events import (
    DriftDetected,
    DriftResolved,
    DriftUpdated,
    Event,
    ModelPromoted,
    RetrainFailed,
    RetrainRequested,
    RetrainSucceeded,
    ReviewApproved,
    ReviewRequested,
    make,
)
from duetmind_adaptive.policy.alerts import alert_from

MOMENT = datetime(2026, 3, 1, 4, tzinfo=UTC)
EVENT_ID = "0198c0de-0000-8000-8000-000000000001"
ATTEMPT = Attempt(delivery=1, number=1, since=MOMENT)


def incident_alert(kind: Any = DriftDetected, *, id: str = EVENT_ID, **changes: Any) -> Alert:
    """The alert of an incident; keywords change the data of its event."""
    alert = alert_from(_incident(kind, id, **changes))
    if alert is None:
        raise ValueError(f"{kind.__name__} makes no alert")
    return alert


def sample_events(model: str = "loans") -> tuple[Event, ...]:
    """One event of each kind that actions are usually about."""
    incidents = (_incident(kind, f"{EVENT_ID[:-1]}{at}", model=model) for at, kind in enumerate(_INCIDENTS))
    retrain = RetrainData(model=model, reason="first_drift", version=1)
    review = ReviewData(model=model, review="r-1", subject="rollback", version=1)
    promoted = VersionData(model=model, version=2, reason="better")
    return (
        *incidents,
        *(make(kind, retrain, id=f"retrain-{at}", time=MOMENT) for at, kind in enumerate(_RETRAINS)),
        *(make(kind, review, id=f"review-{at}", time=MOMENT) for at, kind in enumerate(_REVIEWS)),
        make(
            ReviewApproved,
            review.model_copy(update={"subject": "promote_version", "version": 2}),
            id="review-promotion",
            time=MOMENT,
        ),
        make(ModelPromoted, promoted, id="promoted", time=MOMENT),
    )


_INCIDENTS = (DriftDetected, DriftUpdated, DriftResolved)
_RETRAINS = (RetrainRequested, RetrainSucceeded, RetrainFailed)
_REVIEWS = (ReviewRequested, ReviewApproved)


def _incident(kind: Any, id: str, **changes: Any) -> Event:
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
        opened=MOMENT,
    )
    return make(kind, data.model_copy(update=changes), id=id, time=MOMENT)
