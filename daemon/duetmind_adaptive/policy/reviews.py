"""Asking a person before a retrain, and what becomes of the answer; no answer does nothing.

One question at a time: while it is open the policy says nothing more, however often the metric is found low. After a
no, or no answer, it leaves whoever was asked some windows of peace, as after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from duetmind_adaptive.event_data import CheckData, ReviewData
from duetmind_adaptive.events import (
    CheckCompleted,
    ModelRejected,
    ReviewApproved,
    ReviewExpired,
    ReviewRejected,
    ReviewRequested,
)
from duetmind_adaptive.policy.commands import Emit, command_id
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import REMIND_AFTER, REVIEW_LIFE
from duetmind_adaptive.policy.state import ModelState, OpenReview, Question, Retraining

#: the subjects of reviews, which are the names of actions: a retrain, and a version that only a person can promote
RETRAIN_SUBJECT, PROMOTE_SUBJECT = "retrain_model", "promote_version"


def ask(
    retraining: Retraining, event: CheckCompleted, *, why: Reason, now: datetime
) -> tuple[Retraining, tuple[Emit, ...]]:
    """Ask whether to retrain; `why` is what called for it, or what keeps the policy from trying by itself."""
    review, reason = command_id(event.id, ReviewRequested, None), _why(event.data, why, retraining.fruitless)
    data = ReviewData(
        model=event.data.model, review=review, subject=RETRAIN_SUBJECT, reason=reason,
        version=event.data.version,
    )  # fmt: skip
    asked = OpenReview(id=review, asked=now, reason=reason, version=data.version)
    return retraining.model_copy(update={"review": asked}), (Emit(ReviewRequested, data),)


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


def undecided(event: ModelRejected) -> Emit | None:
    """The question whether to promote a version that too few labels decided on, or that a part of the rows loses by.

    None of any other. Rows that have decided as often as they may call for new rows, not for a person.
    """
    gate = event.data.gate
    open_to_people = gate is not None and gate.get("verdict") in {"inconclusive", "segment_worse"}
    if not open_to_people or event.data.reason == Reason.HOLD_OUT_SPENT:
        return None
    data = ReviewData(
        model=event.data.model, review=command_id(event.id, ReviewRequested, None), subject=PROMOTE_SUBJECT,
        reason=event.data.message.rstrip(".") or "Too few labels to decide", version=event.data.version,
    )  # fmt: skip
    return Emit(ReviewRequested, data)


def remember(state: ModelState, told: Sequence[Emit], now: datetime) -> ModelState:
    """Keep in mind what is asked beside retrains, so that it can expire."""
    asked = tuple(
        Question(
            id=each.data.review,
            subject=each.data.subject,
            asked=now,
            reason=each.data.reason,
            version=each.data.version,
        )
        for each in told
        if isinstance(each.data, ReviewData) and each.kind is ReviewRequested and each.data.subject != RETRAIN_SUBJECT
    )
    return state.model_copy(update={"questions": (*state.questions, *asked)}) if asked else state


def forget(state: ModelState, review: str) -> ModelState:
    """A question has its answer."""
    left = tuple(each for each in state.questions if each.id != review)
    return state if left == state.questions else state.model_copy(update={"questions": left})


def expire_questions(state: ModelState, model: str, now: datetime) -> tuple[ModelState, tuple[Emit, ...]]:
    """Close what nobody answered; nothing is done."""
    told: list[Emit] = []
    for each in state.questions:
        if now - each.asked >= REVIEW_LIFE:
            data = ReviewData(model=model, review=each.id, subject=each.subject, reason="nobody answered")
            told.append(Emit(ReviewExpired, data))
            state = forget(state, each.id)
    return state, tuple(told)


def remind(state: ModelState, model: str, now: datetime) -> tuple[ModelState, tuple[Emit, ...]]:
    """Ask once more, when half of the time for an answer is over."""
    told: list[Emit] = []
    review = state.retraining.review
    if review is not None and _is_time(review, now):
        told.append(_reminder(model, RETRAIN_SUBJECT, review))
        retraining = state.retraining.model_copy(update={"review": review.model_copy(update={"reminded": True})})
        state = state.model_copy(update={"retraining": retraining})
    due = tuple(each for each in state.questions if _is_time(each, now))
    if due:
        told += [_reminder(model, each.subject, each) for each in due]
        questions = tuple(
            each.model_copy(update={"reminded": True}) if each in due else each for each in state.questions
        )
        state = state.model_copy(update={"questions": questions})
    return state, tuple(told)


def _is_time(review: OpenReview, now: datetime) -> bool:
    return not review.reminded and REMIND_AFTER <= now - review.asked < REVIEW_LIFE


def _reminder(model: str, subject: str, review: OpenReview) -> Emit:
    data = ReviewData(
        model=model, review=review.id, subject=subject, reason=review.reason, version=review.version, reminder=True,
        until=review.asked + REVIEW_LIFE,
    )  # fmt: skip
    return Emit(ReviewRequested, data)


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
