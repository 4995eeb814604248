"""Asking a person before a retrain, and what becomes of the answer; no answer does nothing.

One question at a time: while it is open the policy says nothing more, however often the metric is found low. After a
no, or no answer, it leaves whoever was asked some windows of peace, as after a rollback.
"""

from __future__ import annotations

from datetime import datetime

from duetmind_adaptive.event_data import CheckData, ReviewData
from duetmind_adaptive.events import CheckCompleted, ReviewApproved, ReviewExpired, ReviewRejected, ReviewRequested
from duetmind_adaptive.policy.commands import Emit, command_id
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import REVIEW_LIFE
from duetmind_adaptive.policy.state import OpenReview, Retraining

#: the subject of a review that asks for a retrain, which is the action's name
RETRAIN_SUBJECT = "retrain_model"


def ask(
    retraining: Retraining, event: CheckCompleted, *, why: Reason, now: datetime
) -> tuple[Retraining, tuple[Emit, ...]]:
    """Ask whether to retrain; `why` is what called for it, or what keeps the policy from trying by itself."""
    review, reason = command_id(event.id, ReviewRequested, None), _why(event.data, why, retraining.fruitless)
    data = ReviewData(
        model=event.data.model, review=review, subject=RETRAIN_SUBJECT, reason=reason,
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


def _why(check: CheckData, why: Reason, fruitless: int) -> str:
    """What the metric came to, and what else a person has to know, in one sentence."""
    seen, name = check.performance, check.metric_name or "the metric"
    if why is Reason.REFRESH:
        return "More rows of the new regime came in since the last promotion"
    fell = f"{name} fell" if seen is None else f"{name} fell to {seen.metric:.4g}"
    fell += f" from {seen.reference:.4g}" if seen and seen.reference is not None else ""
    if why is Reason.BREAKER_OPEN:
        fell += f", and {fruitless} retrains in a row brought nothing better"
    return fell
