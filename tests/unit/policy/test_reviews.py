"""Asking a person before a retrain: one question, one answer, and no answer does nothing."""

from datetime import timedelta

import pytest
from decisions import NOW, ONCE, check, run, version_event

from duetmind_adaptive.event_data import ReviewData
from duetmind_adaptive.events import (
    DriftUpdated,
    ModelRolledBack,
    RetrainRequested,
    RetrainSuppressed,
    ReviewApproved,
    ReviewExpired,
    ReviewRejected,
    ReviewRequested,
    source_of,
)
from duetmind_adaptive.policy.alerts import alert_from
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import REVIEW_LIFE, ROLLBACK_COOLDOWN_WINDOWS, Rules
from duetmind_adaptive.policy.state import ModelState

ASKS = Rules(**ONCE, retrain=True, suggests=True, max_retrains_per_day=2)


def asked():
    """A state with an open question, and the question."""
    decision = decide(ModelState(), check(0, degraded=True), ASKS, NOW)
    (question,) = [event for event in decision.events(check(0), NOW) if isinstance(event, ReviewRequested)]
    return decision.state, question


def answer(kind, question, review=None):
    data = ReviewData(model="loans", review=review or question.data.review, subject="retrain_model", by="me")
    return kind(id=f"{kind.__name__}-1", source=source_of("loans"), time=NOW, data=data)


def kinds(decision):
    return [command.kind for command in decision.commands]


def test_a_metric_that_falls_asks_once_however_long_it_stays_low():
    _, told = run([check(i, degraded=True) for i in range(5)], rules=ASKS)
    flat = [kind for each in told for kind in each]
    assert (flat.count(ReviewRequested), flat.count(RetrainRequested)) == (1, 0)


def test_a_yes_asks_for_one_retrain_which_counts_as_one_of_the_day_s():
    state, question = asked()
    decision = decide(state, answer(ReviewApproved, question), ASKS, NOW)
    assert kinds(decision) == [RetrainRequested]
    retraining = decision.state.retraining
    assert (retraining.review, retraining.asked) == (None, (NOW,))
    (request,) = decision.events(answer(ReviewApproved, question), NOW)
    assert (retraining.in_flight, request.data.reason) == (request.id, "approved")
    again = decide(decision.state, answer(ReviewApproved, question), ASKS, NOW)
    assert (kinds(again), again.state) == ([], decision.state)


def test_a_no_does_nothing_and_asks_again_only_after_some_windows():
    state, question = asked()
    state = decide(state, answer(ReviewRejected, question), ASKS, NOW).state
    first_question = None
    for index in range(1, 20):
        decision = decide(state, check(index, degraded=True), ASKS, NOW)
        state = decision.state
        if ReviewRequested in kinds(decision):
            first_question = index
            break
        assert kinds(decision)[-1:] == [RetrainSuppressed]
    assert first_question == ROLLBACK_COOLDOWN_WINDOWS


def test_a_question_without_an_answer_expires_and_nothing_is_done():
    state, question = asked()
    late = NOW + REVIEW_LIFE
    before = decide(state, check(1, degraded=True), ASKS, late - timedelta(seconds=1))
    assert ReviewExpired not in kinds(before)
    decision = decide(state, check(1, degraded=True), ASKS, late)
    assert kinds(decision) == [DriftUpdated, ReviewExpired, RetrainSuppressed]
    assert decision.state.retraining.review is None
    assert kinds(decide(decision.state, answer(ReviewApproved, question), ASKS, late)) == []


@pytest.mark.parametrize("kind", [ReviewApproved, ReviewRejected])
def test_an_answer_to_another_question_changes_nothing(kind):
    state, question = asked()
    decision = decide(state, answer(kind, question, review="another"), ASKS, NOW)
    assert (kinds(decision), decision.state) == ([], state)


def test_a_yes_while_a_retrain_is_under_way_asks_for_no_second():
    state, question = asked()
    by_hand = RetrainRequested(
        id="by-hand", source=source_of("loans"), time=NOW, data={"model": "loans", "reason": "manual"}
    )
    state = decide(state, by_hand, ASKS, NOW).state
    assert kinds(decide(state, answer(ReviewApproved, question), ASKS, NOW)) == []


def test_broken_data_and_a_spent_budget_are_said_instead_of_asked_about():
    state = ModelState()
    assert RetrainSuppressed in kinds(decide(state, check(0, degraded=True, breaks=True), ASKS, NOW))
    state = decide(state, version_event(ModelRolledBack, "back"), ASKS, NOW).state
    none_left = Rules(**ONCE, retrain=True, suggests=True, max_retrains_per_day=0)
    decision = decide(state, check(0, degraded=True), none_left, NOW)
    assert [command.data.reason for command in decision.commands if command.kind is RetrainSuppressed] == [
        "budget_spent"
    ]


def test_people_are_told_what_is_asked_why_and_how_to_answer():
    _, question = asked()
    alert = alert_from(question)
    assert (alert.status, alert.title) == ("review", "Review asked for: retrain_model of loans")
    told = "\n".join(alert.lines)
    assert f"duetmind review approve {question.data.review}" in told
    assert f"duetmind review reject {question.data.review}" in told
    assert "fell to" in told
    assert "nothing is done" in told


def test_people_are_reminded_once_when_half_of_the_time_is_over_with_the_same_question_and_its_end():
    state, question = asked()
    told = []
    for hours in (1, 11, 12, 13, 23):
        event = check(hours, degraded=True)
        decision = decide(state, event, ASKS, NOW + timedelta(hours=hours))
        state = ModelState.model_validate_json(decision.state.model_dump_json())
        told += [(hours, each) for each in decision.events(event, NOW) if isinstance(each, ReviewRequested)]
    ((hours, reminder),) = told
    assert (hours, reminder.data.review, reminder.data.reason) == (12, question.data.review, question.data.reason)
    assert reminder.id != question.id
    alert = alert_from(reminder)
    assert alert.title == "Not answered yet: retrain_model of loans"
    assert alert.lines[-1] == "Without an answer by 2026-03-02 12:00 UTC nothing is done."


def test_what_was_answered_is_not_reminded_of():
    state, question = asked()
    state = decide(state, answer(ReviewRejected, question), ASKS, NOW).state
    decision = decide(state, check(1, degraded=True), ASKS, NOW + timedelta(hours=13))
    assert ReviewRequested not in kinds(decision)
