"""Each act has an entry: opened with it, measured by the watch after it, closed with a verdict."""

import pytest
from decisions import ACTS, NOW, check

from duetmind_adaptive.event_data import BesideData, RetrainData, VersionData
from duetmind_adaptive.events import (
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainFailed,
    RetrainRequested,
    source_of,
)
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.ledger import ledger
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import BREAKER_AFTER, WATCH_WINDOWS
from duetmind_adaptive.policy.state import ModelState

GATE = {"verdict": "better", "metric": "accuracy", "champion": 0.7, "difference": 0.1}


def an_event(kind, name, data):
    return kind(id=name, source=source_of("loans"), time=NOW, data=data)


def requested(reason=Reason.DEGRADED):
    return an_event(RetrainRequested, "ask", RetrainData(model="loans", reason=reason, version=1))


def promoted(job="ask", previous=1, version=2, reason=Reason.GATE_PASSED):
    data = VersionData(model="loans", version=version, previous=previous, reason=reason, gate=GATE, job=job)
    return an_event(ModelPromoted, f"p{version}", data)


def beside(index, verdict, version=2, previous=1):
    event = check(index)
    found = BesideData(version=version, previous=previous, rows=300, metric=0.8, metric_previous=0.7, verdict=verdict)
    return event.model_copy(update={"data": event.data.model_copy(update={"beside": found})})


def keep(events, state=None):
    """The ledger as rows, after events one by one."""
    state, rows = state or ModelState(), {}
    for event in events:
        after = decide(state, event, ACTS, NOW).state
        for each in ledger(state, event, after):
            row = rows.setdefault(each.id, {}) if each.opens else rows.get(each.id)
            if row is not None and not row.get("closed"):
                row.update(each.changes, closed=each.closes)
        state = after
    return rows, state


@pytest.mark.parametrize(
    ("found", "verdict"),
    [("better", "helped"), ("not_better", "did_not_help"), ("inconclusive", "not_known")],
)
def test_the_watch_after_a_promotion_says_whether_the_retrain_helped(found, verdict):
    watched = [beside(index + 1, found) for index in range(WATCH_WINDOWS)]
    rows, _ = keep([check(0), requested(), promoted(), *watched[:-1]])
    assert rows["ask"] == {
        "act": "retrain", "reason": "metric_degraded", "previous": 1, "version": 2, "before": 0.7, "expected": 0.1,
        "metric": None, "after": 0.8, "beside": 0.7, "rows": 300, "closed": False,
    }  # fmt: skip
    rows, _ = keep([check(0), requested(), promoted(), *watched])
    assert (rows["ask"]["verdict"], rows["ask"]["closed"]) == (verdict, True)


def test_what_is_taken_back_harmed_and_whether_that_helped_is_looked_at_in_its_turn():
    back = an_event(ModelRolledBack, "back", VersionData(model="loans", version=1, previous=2, reason=Reason.BREACH))
    looks = [beside(index + 2, "better", version=1, previous=2) for index in range(WATCH_WINDOWS)]
    rows, state = keep([check(0), requested(), promoted(), beside(1, "worse"), back, *looks])
    assert rows["ask"]["verdict"] == "harmed"
    assert (rows["back"]["act"], rows["back"]["verdict"]) == ("rollback", "helped")
    assert state.watch is None


def test_after_a_rollback_nothing_is_taken_back_whatever_is_found():
    back = an_event(ModelRolledBack, "back", VersionData(model="loans", version=1, previous=2, reason="by hand"))
    _, state = keep([check(0), back])
    assert decide(state, beside(1, "worse", version=1, previous=2), ACTS, NOW).take_back is None


def test_a_switch_during_the_watch_closes_the_entry_with_what_was_seen_so_far():
    rows, _ = keep([check(0), requested(), promoted(), beside(1, "better"), promoted("later", 2, 3)])
    assert rows["ask"]["verdict"] == "helped"
    assert "then version 3 took over" in rows["ask"]["why"]


@pytest.mark.parametrize(("verdict", "says"), [("not_better", "did_not_help"), ("inconclusive", "not_known")])
def test_a_challenger_that_was_rejected_changed_nothing(verdict, says):
    data = VersionData(
        model="loans", version=2, reason="gate_failed", message="why", gate={"verdict": verdict}, job="ask"
    )
    rows, _ = keep([check(0), requested(), an_event(ModelRejected, "r", data)])
    assert (rows["ask"]["verdict"], rows["ask"]["why"]) == (says, "why")


def test_a_retrain_that_failed_did_not_help():
    data = RetrainData(model="loans", reason="failed", message="no labels", job="ask")
    rows, _ = keep([check(0), requested(), an_event(RetrainFailed, "f", data)])
    assert (rows["ask"]["verdict"], rows["ask"]["why"]) == ("did_not_help", "no labels")


def test_the_first_version_is_no_act_and_what_a_person_promotes_is_not_judged():
    rows, _ = keep([requested(Reason.INITIAL), promoted(previous=None)])
    assert rows == {}
    rows, _ = keep([check(0), promoted(job=None, reason=Reason.MANUAL)])
    assert (rows["p2"]["act"], rows["p2"]["verdict"]) == ("promotion", "not_known")


def test_a_retrain_that_harmed_counts_for_the_breaker():
    _, state = keep([check(0)])
    in_vain = state.retraining.model_copy(update={"fruitless": BREAKER_AFTER - 1})
    _, state = keep([promoted(), beside(1, "worse")], state.model_copy(update={"retraining": in_vain}))
    assert state.retraining.fruitless == BREAKER_AFTER
