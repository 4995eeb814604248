"""Asking a person before a retrain, and what becomes of the answer; no answer does nothing.

One question at a time: while it is open the policy says nothing more, however often the metric is found low. After a
no, or no answer, it leaves whoever was asked some windows of peace, as after a rollback.
"""

from __future__ import annotations

from datetime import datetime

from duetmind_adaptive.event_data import CheckData, ReviewData
from duetmind_adaptive.events import CheckCompleted, ReviewApproved, ReviewExpired, ReviewRejected, ReviewRequested
from duetmind_adaptive.policy.commands import Emit, command_id
from duetmind_adaptive.policy.rules import REVIEW_LIFE
from duetmind_adaptive.policy.state import OpenReview, Retraining

#: the subject of a review that asks for a retrain, which is the action's name
RETRAIN_SUBJECT = "retrain_model"


def ask(retraining: Retraining, event: CheckCompleted, *, now: datetime) -> tuple[Retraining, tuple[Emit, ...]]:
    """Ask whether to retrain."""
    review = command_id(event.id, ReviewRequested, None)
    data = ReviewData(
        model=event.data.model, review=review, subject=RETRAIN_SUBJECT, reason=_why(event.data),
        version=event.data.version,
    )  # fmt: skip
    return retraining.model_copy(update={"review": OpenReview(id=review, asked=now)}), (Emit(ReviewRequested, data),)


def expire(retraining: Retraining, model: str, *, now: datetime, peace: int) -> tuple[Retraining, tuple[Emit, ...]]:
    """Close a question that nobody answered; nothing is done.

    Parameters
    ----------
    peace
        No question before a window that ends beyond this row.
    """
    review = retraining.review
    if review is None or now - review.asked < REVIEW_LIFE:
        return retraining, ()
    data = ReviewData(model=model, review=review.id, subject=RETRAIN_SUBJECT, reason="nobody answered")
    closed = retraining.model_copy(update={"review": None, "held_until_row": max(peace, retraining.held_until_row)})
    return closed, (Emit(ReviewExpired, data),)


def answers(retraining: Retraining, event: ReviewApproved | ReviewRejected) -> bool:
    """Whether the event answers the question that is open."""
    return retraining.review is not None and event.data.review == retraining.review.id


def _why(check: CheckData) -> str:
    """What the metric came to, in one sentence."""
    seen, name = check.performance, check.metric_name or "the metric"
    if seen is None:
        return f"{name} fell"
    return f"{name} fell to {seen.metric:.4g}" + (f" from {seen.reference:.4g}" if seen.reference is not None else "")
