"""After a promotion the version before answers as well; what does worse than it is taken back, once."""

import pytest
from decisions import ACTS, NOW, ONCE, check, run, version_event

from duetmind_adaptive.event_data import BesideData, VersionData
from duetmind_adaptive.events import (
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainRequested,
    ReviewExpired,
    ReviewRequested,
    source_of,
)
from duetmind_adaptive.policy.alerts import alert_from
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import REVIEW_LIFE, ROLLBACK_COOLDOWN_WINDOWS, WATCH_WINDOWS, Rules
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.policy.watching import TakeBack


def promoted(reason=Reason.GATE_PASSED, previous=1):
    data = VersionData(model="loans", version=2, previous=previous, reason=reason)
    return ModelPromoted(id="p", source=source_of("loans"), time=NOW, data=data)


def beside(index, verdict, version=2):
    event = check(index)
    found = BesideData(version=version, previous=1, rows=300, metric=0.7, metric_previous=0.9, verdict=verdict)
    return event.model_copy(update={"data": event.data.model_copy(update={"beside": found})})


def watched(**promotion):
    return run([check(0), promoted(**promotion)])[0]


def test_what_does_worse_than_the_version_before_is_taken_back_once():
    decision = decide(watched(), beside(1, "worse"), ACTS, NOW)
    assert decision.take_back == TakeBack(1)
    assert decide(decision.state, beside(2, "worse"), ACTS, NOW).take_back is None


def test_nothing_is_learned_for_some_windows_after_it():
    state = decide(watched(), beside(1, "worse"), ACTS, NOW).state
    state, told = run([version_event(ModelRolledBack, "b", version=1)], state=state)
    state, told = run([check(i, degraded=True) for i in range(2, 2 + ROLLBACK_COOLDOWN_WINDOWS - 1)], state=state)
    assert not any(RetrainRequested in kinds for kinds in told)


@pytest.mark.parametrize("verdict", ["better", "not_better", "inconclusive"])
def test_what_does_as_well_stays_and_the_watch_ends_by_itself(verdict):
    state = watched()
    for index in range(WATCH_WINDOWS):
        assert state.watch is not None
        decision = decide(state, beside(index + 1, verdict), ACTS, NOW)
        assert decision.take_back is None
        state = decision.state
    assert state.watch is None


def test_checks_whose_labels_are_not_in_do_not_count():
    state, _ = run([check(i) for i in range(1, 40)], state=watched())
    assert state.watch.seen == 0


def test_what_a_person_promoted_and_the_first_version_are_not_watched():
    assert watched(reason="asked for by a person").watch is None
    assert watched(previous=None).watch is None


def test_what_is_said_of_another_version_counts_for_nothing():
    assert decide(watched(), beside(1, "worse", version=3), ACTS, NOW).take_back is None


def test_a_model_that_asks_first_asks_a_person_to_roll_it_back():
    decision = decide(watched(), beside(1, "worse"), Rules(**ONCE, retrain=True, suggests=True), NOW)
    (question,) = [command.data for command in decision.commands if command.kind is ReviewRequested]
    assert (question.subject, question.version, decision.take_back) == ("rollback", 1, None)
    assert "version 2 does worse than version 1: 0.7 beside 0.9" in question.reason


def test_while_acting_is_paused_nothing_is_taken_back_and_the_watch_goes_on():
    decision = decide(watched(), beside(1, "worse"), Rules(**ONCE, retrain=True, paused=True), NOW)
    assert (decision.take_back, decision.state.watch.seen) == (None, 1)


@pytest.mark.parametrize("rules", [Rules(**ONCE, retrain=True, observes=True), Rules(**ONCE, retrain=False)])
def test_a_model_that_is_only_observed_or_watched_is_left_as_it_is(rules):
    assert decide(watched(), beside(1, "worse"), rules, NOW).take_back is None


def test_people_are_told_of_it():
    data = VersionData(model="loans", version=1, previous=2, reason=Reason.BREACH)
    alert = alert_from(ModelRolledBack(id="b", source=source_of("loans"), time=NOW, data=data))
    assert "Version 1 of loans serves again" in alert.lines[0]


def test_a_state_from_before_there_was_a_watch_is_read():
    assert ModelState.model_validate_json("{}").watch is None


def test_a_question_to_roll_back_expires_to_nothing():
    decision = decide(watched(), beside(1, "worse"), Rules(**ONCE, retrain=True, suggests=True), NOW)
    assert [each.subject for each in decision.state.questions] == ["rollback"]
    late = decide(decision.state, check(2), ACTS, NOW + REVIEW_LIFE)
    assert [command.kind for command in late.commands] == [ReviewExpired]
    assert late.state.questions == ()


def rejected(verdict):
    data = VersionData(
        model="loans", version=2, previous=1, reason="gate_failed", message="Not decided: there are 300 labelled rows.",
        gate={"verdict": verdict},
    )  # fmt: skip
    return ModelRejected(id="r", source=source_of("loans"), time=NOW, data=data)


def test_of_a_version_that_nothing_could_be_proved_of_a_person_is_asked():
    """R13."""
    decision = decide(run([check(0)])[0], rejected("inconclusive"), ACTS, NOW)
    (question,) = [command.data for command in decision.commands]
    assert (question.subject, question.version) == ("promote_version", 2)
    assert "there are 300 labelled rows" in question.reason
    assert decision.state.retraining.fruitless == 1
    (event,) = decision.events(rejected("inconclusive"), NOW)
    assert alert_from(event).lines[0].startswith("May version 2 of loans serve?")


def test_whether_a_better_version_may_serve_that_fails_a_part_of_the_traffic_a_person_is_asked():
    (question,) = decide(run([check(0)])[0], rejected("segment_worse"), ACTS, NOW).commands
    assert (question.data.subject, question.data.version) == ("promote_version", 2)


def test_rows_that_have_decided_as_often_as_they_may_wait_for_new_ones_and_for_nobody():
    event = rejected("inconclusive")
    event = event.model_copy(update={"data": event.data.model_copy(update={"reason": Reason.HOLD_OUT_SPENT})})
    decision = decide(run([check(0)])[0], event, ACTS, NOW)
    assert decision.commands == ()
    assert decision.state.retraining.not_before_row > 0


def test_of_one_that_was_not_better_nobody_is_asked():
    assert decide(run([check(0)])[0], rejected("not_better"), ACTS, NOW).commands == ()
