"""An incident opens on two of three checks and ends well below the threshold: what swings about it is one incident."""

import random
from datetime import timedelta

import pytest
from decisions import NOW, check, measured, run
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.events import DriftDetected, DriftResolved, RetrainRequested, RetrainSuppressed
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState, Signal

DEFAULT = Rules(retrain=True)
#: no reminders, so that only what changes is told
QUIET = Rules(repeat=timedelta(days=999))


def scored(index, score):
    """A check whose score is so large a share of its threshold."""
    event = check(index, drift=score >= 1)
    update = {"close": ("data",) if 0.8 < score < 1 else (), "far": ("data",) if score >= 1.1 else ()}
    return event.model_copy(update={"data": event.data.model_copy(update=update)})


def told_of(scores, rules=QUIET):
    """What was told at each check; the state goes through the store between any two."""
    state, told = ModelState(), []
    for index, score in enumerate(scores):
        decision = decide(state, scored(index, score), rules, NOW + index * timedelta(hours=1))
        state = ModelState.model_validate_json(decision.state.model_dump_json())
        told.append([command.kind for command in decision.commands])
    return told


def notices(told):
    return [kind for kinds in told for kind in kinds]


def test_two_of_three_checks_open_an_incident_and_one_of_three_does_not():
    assert notices(told_of([1.05, 0, 0, 1.05, 0, 0, 1.05, 0, 0])) == []
    assert told_of([0, 1.05, 0, 1.05, 0]) == [[], [], [], [DriftDetected], []]


def test_what_is_called_for_once_is_not_opened_by_a_calm_check_afterwards():
    assert notices(told_of([1.05, 1.05, 0, 0, 1.05, 0])) == [DriftDetected, DriftResolved]


def test_an_incident_ends_after_two_checks_below_four_fifths_of_the_threshold():
    assert told_of([1.05, 1.05, 0.7, 0.9, 0.7, 0.7]) == [[], [DriftDetected], [], [], [], [DriftResolved]]


@pytest.mark.parametrize("seed", range(20))
def test_a_score_that_swings_by_a_twentieth_about_the_threshold_gives_one_notice_in_a_thousand_checks(seed):
    swings = random.Random(seed)
    assert notices(told_of([1 + swings.uniform(-0.05, 0.05) for _ in range(1000)])) == [DriftDetected]


@given(st.lists(st.floats(0.95, 1.05), max_size=200))
def test_however_it_swings_there_is_never_more_than_one(scores):
    assert len(notices(told_of(scores))) <= 1


def test_a_score_far_beyond_the_threshold_opens_at_once():
    assert told_of([0, 1.15, 0]) == [[], [DriftDetected], []]


def test_broken_data_is_a_fact_and_opens_at_once():
    _, told = run([check(0, breaks=True)], rules=DEFAULT)
    assert told == [[DriftDetected]]


def test_a_fall_that_only_one_check_shows_is_not_retrained_and_says_why():
    state = decide(ModelState(), measured(0, degraded=False), DEFAULT, NOW).state
    first = decide(state, measured(1, degraded=True), DEFAULT, NOW)
    assert [(each.kind, each.data.reason) for each in first.commands] == [(RetrainSuppressed, "not_confirmed_yet")]
    second = decide(first.state, measured(2, degraded=True), DEFAULT, NOW)
    assert [each.kind for each in second.commands] == [DriftDetected, RetrainRequested]


def test_what_an_older_store_counted_is_read_and_forgotten():
    assert Signal.model_validate({"hot": 3, "calm": 1}) == Signal(calm=1)
