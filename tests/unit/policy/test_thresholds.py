"""What counts as drift is learned from what incidents came to: a fifth a step, in bounds; a person's word ends it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from decisions import NOW, ONCE, measured, version_event
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.event_data import ReviewData, ThresholdData
from duetmind_adaptive.events import (
    ModelPromoted,
    ReviewApproved,
    ReviewRejected,
    ReviewRequested,
    ThresholdAdjusted,
    make,
)
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.policy.thresholds import ADJUST_SUBJECT, REACH, STEP

BASE = 0.1
LEARNS = {"adjusts": True, "drift_threshold": BASE, "clears_after": 1, **ONCE}
#: what a window is: the inputs moved or not, the metric fell or not
NOTHING, MOVED, FELL, BOTH = (False, False), (True, False), (False, True), (True, True)


def follow(windows, state=None, rules=None):
    """The state after the windows, and the steps that were taken or asked for."""
    state, rules, told = state or ModelState(), rules or Rules(**LEARNS), []
    for index, (drift, degraded) in enumerate(windows):
        event = measured(index, degraded=degraded, drift=drift)
        decision = decide(state, event, rules, NOW + index * timedelta(hours=1))
        state = ModelState.model_validate_json(decision.state.model_dump_json())
        told += [c for c in decision.commands if c.kind in (ThresholdAdjusted, ReviewRequested)]
    return state, told


def present(state):
    return state.threshold.present(BASE)


def test_two_incidents_that_came_to_nothing_raise_it_by_a_fifth_and_say_why():
    state, (step,) = follow([MOVED, NOTHING, MOVED, NOTHING])
    assert present(state) == pytest.approx(BASE * 1.2)
    assert step.data.model_dump(exclude={"model"}) == {
        "name": "drift_threshold", "before": BASE, "after": pytest.approx(0.12), "reason": "incidents_came_to_nothing",
    }  # fmt: skip


def test_one_is_not_enough_and_one_that_hurt_begins_anew():
    assert follow([MOVED, NOTHING])[1] == []
    assert follow([MOVED, NOTHING, BOTH, NOTHING, MOVED, NOTHING])[1] == []


def test_a_fall_that_no_input_announced_lowers_it_and_one_that_they_did_does_not():
    state, (step,) = follow([NOTHING, FELL])
    assert present(state) == pytest.approx(BASE * 0.8)
    assert step.data.reason == "a_fall_came_unannounced"
    assert follow([MOVED, BOTH])[1] == []


@given(st.lists(st.sampled_from([NOTHING, MOVED, FELL, BOTH]), max_size=120))
def test_no_step_is_larger_than_a_fifth_and_none_leads_out_of_reach(windows):
    _, steps = follow(windows)
    values = [BASE, *(step.data.after for step in steps)]
    assert all(abs(after / before - 1) <= STEP + 1e-9 for before, after in pairwise(values))
    assert all(BASE / REACH <= value <= BASE * REACH for value in values)
    assert [step.data.before for step in steps] == pytest.approx(values[:-1])


def test_a_person_s_word_ends_what_was_learned_and_so_does_another_config():
    learned, _ = follow([MOVED, NOTHING, MOVED, NOTHING])
    word = make(
        ThresholdAdjusted,
        ThresholdData(model="loans", name="drift_threshold", before=0.12, after=BASE, reason="manual"),
        id="word", time=NOW,
    )  # fmt: skip
    assert present(decide(learned, word, Rules(**LEARNS), NOW).state) == BASE
    assert learned.threshold.present(0.3) == 0.3


def test_the_step_itself_comes_back_as_an_event_and_changes_nothing_more():
    learned, (step,) = follow([MOVED, NOTHING, MOVED, NOTHING])
    assert decide(learned, step.event("check-3", NOW), Rules(**LEARNS), NOW).state == learned


@pytest.mark.parametrize("rule", ["observes", "paused"])
def test_a_policy_that_may_not_act_moves_nothing(rule):
    state, steps = follow([MOVED, NOTHING] * 3, rules=Rules(**LEARNS, **{rule: True}))
    assert (present(state), steps) == (BASE, [])


def test_a_model_that_is_not_to_learn_it_does_not():
    assert follow([MOVED, NOTHING] * 3, rules=Rules(**{**LEARNS, "adjusts": False}))[1] == []


@pytest.mark.parametrize(("answer", "after"), [(ReviewApproved, 0.12), (ReviewRejected, BASE)])
def test_where_a_person_is_asked_first_the_step_is_taken_by_a_yes(answer, after):
    rules = Rules(**LEARNS, suggests=True)
    state, (question,) = follow([MOVED, NOTHING, MOVED, NOTHING], rules=rules)
    assert present(state) == BASE
    assert question.data.reason == "Two incidents in a row came to nothing: set drift_threshold from 0.1 to 0.12?"
    data = ReviewData(model="loans", review=question.data.review, subject=ADJUST_SUBJECT, by="ada")
    decision = decide(state, make(answer, data, id="answer", time=NOW), rules, NOW)
    assert present(decision.state) == pytest.approx(after)
    assert [command.kind for command in decision.commands] == [ThresholdAdjusted] * (answer is ReviewApproved)
    assert decision.state.questions == ()


def test_a_question_that_is_open_is_not_asked_twice():
    _, asked = follow([MOVED, NOTHING] * 6, rules=Rules(**LEARNS, suggests=True))
    assert len(asked) == 1


def test_a_promotion_forgets_nothing_of_it():
    learned, _ = follow([MOVED, NOTHING, MOVED, NOTHING])
    after = decide(learned, version_event(ModelPromoted, "p"), Rules(**LEARNS), NOW).state
    assert after.threshold == learned.threshold
