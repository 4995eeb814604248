"""The policy decides from state and event alone: these tests compare lists of commands, with no loop and no clock."""

from datetime import timedelta
from itertools import count, pairwise

from decisions import ACTS, NOW, ONCE, WATCHES, check, measured, run, version_event
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.events import (
    DriftDetected,
    DriftResolved,
    DriftUpdated,
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainRequested,
    RetrainSuppressed,
    ReviewRequested,
)
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import BREAKER_WINDOWS, REFRESH_GAPS, ROLLBACK_COOLDOWN_WINDOWS, Rules
from duetmind_adaptive.policy.state import ModelState


def test_one_incident_is_opened_for_drift_that_lasts_however_many_windows_it_lasts():
    _, told = run([check(i, drift=True) for i in range(50)], step=timedelta(minutes=1))
    assert told == [[DriftDetected], *[[]] * 49]


def test_an_incident_that_stays_is_told_again_every_four_hours_at_the_next_check_and_says_so():
    state, told = run([check(i, drift=True) for i in range(13)])
    assert [i for i, kinds in enumerate(told) if kinds] == [0, 4, 8, 12]
    decision = decide(state, check(13, drift=True), ACTS, NOW + timedelta(hours=16))
    assert [command.data.reason for command in decision.commands] == [Reason.STILL_OPEN]


def test_what_grew_worse_begins_the_four_hours_anew():
    severities = ["low", "low", "high", "high", "high", "high", "high"]
    _, told = run([check(i, drift=True, severity=s) for i, s in enumerate(severities)])
    assert [i for i, kinds in enumerate(told) if kinds] == [0, 2, 6]


def test_an_incident_is_resolved_after_two_calm_checks_and_not_after_one():
    _, told = run([check(0, drift=True), check(1), check(2, drift=True), check(3), check(4), check(5)])
    assert told == [[DriftDetected], [], [], [], [DriftResolved], []]


def test_an_incident_is_updated_only_when_it_grows_worse():
    severities = ["low", "low", "high", "medium", "critical"]
    _, told = run([check(i, drift=True, severity=s) for i, s in enumerate(severities)])
    assert told == [[DriftDetected], [], [DriftUpdated], [], [DriftUpdated]]


def test_drift_that_does_not_hurt_the_metric_is_told_and_not_retrained():
    _, told = run([check(i, drift=True) for i in range(5)])
    assert not any(RetrainRequested in kinds for kinds in told)


def test_a_metric_that_suffers_asks_for_one_retrain_while_it_is_under_way():
    _, told = run([check(i, degraded=True) for i in range(5)])
    assert sum(RetrainRequested in kinds for kinds in told) == 1


def test_a_model_that_is_only_watched_is_never_retrained():
    _, told = run([check(i, degraded=True) for i in range(5)], rules=WATCHES)
    assert not any(RetrainRequested in kinds or RetrainSuppressed in kinds for kinds in told)


def test_a_model_that_is_observed_is_decided_upon_within_its_budget_and_never_retrained():
    state, reasons = ModelState(), list[str]()
    for index in range(5):
        event = check(index, degraded=True)
        decision = decide(state, event, Rules(**ONCE, retrain=True, observes=True, max_retrains_per_day=3), NOW)
        state = decision.state
        assert not any(command.kind is RetrainRequested for command in decision.commands)
        told = [command for command in decision.commands if command.kind is RetrainSuppressed]
        reasons += [command.data.reason for command in told]
    assert reasons == ["observing"] * 3 + ["budget_spent"] * 2
    assert state.retraining.in_flight is None


def test_while_acting_is_paused_nothing_is_asked_for_and_the_budget_is_not_touched():
    paused = Rules(**ONCE, retrain=True, paused=True)
    state, told = run([check(i, degraded=True) for i in range(3)], rules=paused)
    assert [kinds.count(RetrainSuppressed) for kinds in told] == [1, 1, 1]
    decision = decide(state, check(3, degraded=True), paused, NOW)
    assert [command.data.reason for command in decision.commands] == ["paused"]
    assert state.retraining.asked == ()


def test_broken_data_is_an_incident_of_its_own_and_nothing_is_learned_from_it():
    state, told = run([check(0, breaks=True, degraded=True), check(1, breaks=True)])
    assert told[0] == [DriftDetected, RetrainSuppressed]
    assert state.signal("quality").incident is not None
    assert state.signal("performance").incident is None


def rejected_again_and_again(windows):
    """A metric that stays low, challengers that never prove themselves: when each was asked for, and what else."""
    state, asked, told, clock = ModelState(), [], [], count()
    for index in range(windows):
        now = NOW + timedelta(hours=index)
        decision = decide(state, check(index, degraded=True), Rules(**ONCE, retrain=True, max_retrains_per_day=99), now)
        state = decision.state
        told.append([command.kind for command in decision.commands if not getattr(command.data, "reminder", False)])
        if RetrainRequested in told[-1]:
            asked.append(index)
            state = decide(state, version_event(ModelRejected, f"r{next(clock)}"), ACTS, now).state
    return asked, told


def test_a_rejected_challenger_makes_the_policy_wait_longer_each_time_and_three_in_a_row_very_long():
    asked, _ = rejected_again_and_again(100)
    first, second, *long = [later - earlier for earlier, later in pairwise(asked)]
    assert (first, second) == (1, 2)
    assert len(long) == 2
    assert min(long) >= BREAKER_WINDOWS


def test_three_in_a_row_open_the_breaker_and_a_person_is_asked_once_each_time_it_opens():
    asked, told = rejected_again_and_again(60)
    questions = [index for index, kinds in enumerate(told) if ReviewRequested in kinds]
    assert questions == [asked[2] + 1, asked[3] + 1]
    assert RetrainSuppressed in told[questions[0]]


def promoted_after_a_fall():
    state, told = run([check(0, degraded=True)])
    assert told == [[DriftDetected, RetrainRequested]]
    return run([version_event(ModelPromoted, "p")], state=state)[0]


def test_after_a_promotion_that_a_fall_called_for_it_learns_again_as_rows_of_the_new_world_come_in():
    state, asked = promoted_after_a_fall(), []
    for index in range(1, 60):
        decision = decide(state, measured(index, degraded=False), ACTS, NOW + index * timedelta(days=1))
        state = decision.state
        for command in decision.commands:
            if command.kind is RetrainRequested:
                asked.append((index, command.data.reason))
                end = version_event(ModelRejected if index == 2 else ModelPromoted, f"end-{index}")
                state = decide(state, end, ACTS, NOW).state
    due = [sum(REFRESH_GAPS[: n + 1]) for n in range(len(REFRESH_GAPS))]
    assert asked == [(index, Reason.REFRESH) for index in due]
    assert state.retraining.fruitless == 0


def test_a_promotion_that_no_fall_called_for_plans_nothing():
    state, _ = run([measured(0, degraded=False), version_event(ModelPromoted, "by hand")])
    assert state.retraining.refresh_rows == ()


def test_a_rollback_ends_what_was_planned():
    state, _ = run([version_event(ModelRolledBack, "b", version=1)], state=promoted_after_a_fall())
    assert state.retraining.refresh_rows == ()


def test_a_metric_that_recovers_ends_the_waiting_because_the_next_fall_is_a_new_one():
    falls = [measured(0, degraded=True), version_event(ModelRejected, "a"), measured(1, degraded=True)]
    state, _ = run([*falls, version_event(ModelRejected, "b"), measured(2, degraded=False)])
    assert (state.retraining.fruitless, state.retraining.not_before_row) == (0, 0)


def test_a_metric_that_falls_while_the_inputs_drift_is_an_incident_of_its_own_and_the_inputs_are_part_of_it():
    events = [measured(0, degraded=False, drift=True), *(measured(i, degraded=True, drift=True) for i in (1, 2, 3))]
    state, told = run(events, rules=WATCHES)
    assert told == [[DriftDetected], [DriftDetected], [], []]
    assert state.signal("performance").incident.kinds == ("data", "model")


def test_a_fall_with_drift_from_the_first_window_on_is_told_once():
    events = [measured(i, degraded=True, drift=True) for i in range(5)]
    _, told = run(events, rules=WATCHES, step=timedelta(minutes=1))
    assert [kind for kinds in told for kind in kinds] == [DriftDetected]


def test_a_check_without_labels_neither_opens_nor_resolves_an_incident_of_performance():
    events = [measured(0, degraded=True), *(check(i) for i in range(1, 6))]
    state, told = run(events, rules=WATCHES)
    assert [kind for kinds in told for kind in kinds] == [DriftDetected]
    assert state.signal("performance").incident is not None


def test_a_promotion_ends_the_waiting():
    state, _ = run([check(0, degraded=True), version_event(ModelRejected, "r"), version_event(ModelPromoted, "p")])
    assert state.retraining.fruitless == 0
    assert state.retraining.in_flight is None
    assert state.champion == 2


def test_after_a_rollback_the_policy_leaves_people_some_windows_of_peace():
    state, _ = run([check(0), version_event(ModelRolledBack, "b", version=1)])
    _, told = run([check(i, degraded=True) for i in range(1, 20)], state=state)
    first = next(i for i, kinds in enumerate(told) if RetrainRequested in kinds)
    assert first + 1 == ROLLBACK_COOLDOWN_WINDOWS


@given(st.lists(st.tuples(st.integers(-60, 60), st.booleans()), min_size=1, max_size=300), st.integers(0, 4))
def test_never_more_retrains_in_any_day_than_the_budget_whatever_the_clock_does(steps, budget):
    """R9: minutes pass, or the clock jumps by up to an hour either way; every retrain ends at once."""
    state, now, asked, elapsed = ModelState(), NOW, 0, timedelta(0)
    for index, (minutes, promoted) in enumerate(steps):
        now += timedelta(minutes=minutes)
        elapsed = max(elapsed, now - NOW)
        decision = decide(
            state, check(index, degraded=True), Rules(**ONCE, retrain=True, max_retrains_per_day=budget), now
        )
        state = decision.state
        if any(command.kind is RetrainRequested for command in decision.commands):
            asked += 1
            end = version_event(ModelPromoted if promoted else ModelRejected, f"end-{index}")
            state = decide(state, end, ACTS, now).state
    assert asked <= budget * (1 + elapsed // timedelta(days=1) + (elapsed % timedelta(days=1) > timedelta(0)))


@given(st.lists(st.sampled_from(["calm", "drift", "degraded", "broken"]), max_size=60))
def test_incidents_opened_are_incidents_resolved_plus_incidents_open(kinds):
    events = [check(i, drift=k == "drift", degraded=k == "degraded", breaks=k == "broken") for i, k in enumerate(kinds)]
    state, told = run(events)
    flat = [kind for kinds_told in told for kind in kinds_told]
    standing = sum(signal.incident is not None for signal in state.signals.values())
    assert flat.count(DriftDetected) == flat.count(DriftResolved) + standing


@given(st.lists(st.sampled_from(["calm", "drift", "degraded", "broken"]), max_size=30))
def test_deciding_twice_gives_the_same_events_with_the_same_ids(kinds):
    state = ModelState()
    for i, k in enumerate(kinds):
        event = check(i, drift=k == "drift", degraded=k == "degraded", breaks=k == "broken")
        first, second = (decide(state, event, ACTS, NOW) for _ in range(2))
        assert first.events(event, NOW) == second.events(event, NOW)
        state = first.state


@given(st.lists(st.sampled_from(["calm", "drift", "degraded", "broken"]), max_size=30))
def test_the_state_survives_the_store(kinds):
    events = [check(i, drift=k == "drift", degraded=k == "degraded", breaks=k == "broken") for i, k in enumerate(kinds)]
    state, _ = run(events)
    assert ModelState.model_validate_json(state.model_dump_json()) == state
