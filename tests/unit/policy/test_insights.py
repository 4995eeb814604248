"""What a check learns beside columns and metric decides as much as they do, and is told in plain sentences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from decisions import ONCE

from duetmind_adaptive.event_data import (
    CheckData,
    DriftData,
    EstimateData,
    ForecastData,
    Insights,
    SegmentData,
    WindowData,
)
from duetmind_adaptive.events import CheckCompleted, DriftDetected, DriftResolved, RetrainRequested, make, source_of
from duetmind_adaptive.policy.alerts import LINE_LIMIT, alert_from
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = WindowData(first_row=0, last_row=1_000, rows=1_000)
FELL = EstimateData(metric=0.7, low=0.65, high=0.75, reference=0.9)
FINE = EstimateData(metric=0.9, low=0.85, high=0.95, reference=0.9)
SOON = "At this rate the accuracy falls below 0.75 within 3 to 9 windows."
UNKNOWN = EstimateData(metric=0.9, low=0.4, high=1.0, trusted=False, reason="its inputs leave what was ever seen")


def told(*insights: Insights, metric: str | None = "accuracy") -> list[list[tuple[str, str]]]:
    """What follows from checks that found these and nothing else: kinds of events and their causes."""
    state, answers = ModelState(), []
    for index, found in enumerate(insights):
        data = CheckData(
            model="loans", window=WINDOW, drift=bool(found.moved), severity="low", metric_name=metric, insights=found
        )
        event = CheckCompleted(id=f"check-{index}", source=source_of("loans"), time=NOW, data=data)
        decision = decide(state, event, Rules(**ONCE, retrain=True), NOW)
        state = decision.state
        answers.append([(command.kind, getattr(command.data, "cause", "")) for command in decision.commands])
    return answers


@pytest.mark.parametrize("moved", ["calibration", "segments", "estimate"])
def test_a_model_that_does_worse_without_a_measured_fall_is_an_incident_and_no_retrain(moved):
    assert told(Insights(moved=(moved,))) == [[(DriftDetected, "performance")]]


def test_answers_that_moved_are_an_incident_of_the_data_not_of_the_model():
    assert told(Insights(moved=("prediction",))) == [[(DriftDetected, "data")]]


def test_an_estimate_that_is_fine_clears_only_where_no_label_ever_comes():
    fallen, fine = Insights(moved=("estimate",), estimate=FELL), Insights(estimate=FINE)
    assert told(fallen, fine, fine)[1:] == [[], []]
    assert told(fallen, fine, fine, metric=None)[1:] == [[], [(DriftResolved, "performance")]]


def test_an_estimate_that_cannot_know_clears_nothing():
    unknown = Insights(estimate=UNKNOWN)
    assert told(Insights(moved=("estimate",), estimate=FELL), unknown, unknown, metric=None)[1:] == [[], []]


@pytest.mark.parametrize("moved", ["calibration", "segments", "estimate"])
def test_what_new_rows_would_hardly_mend_asks_for_no_retrain(moved):
    kinds = [kind for step in told(*[Insights(moved=(moved,))] * 5) for kind, _ in step]
    assert RetrainRequested not in kinds


def test_a_changed_relation_to_the_label_asks_for_a_retrain_before_the_metric_shows_it():
    kinds = [kind for step in told(*[Insights(moved=("concept",))] * 5) for kind, _ in step]
    assert kinds.count(RetrainRequested) == 1


def lines(**insights: object) -> str:
    data = DriftData(
        model="loans",
        incident="i",
        cause="performance",
        window=WINDOW,
        drift=True,
        severity="low",
        metric_name="accuracy",
        reason="first_drift",
        opened=NOW,
        insights=Insights(**insights),
    )
    alert = alert_from(make(DriftDetected, data, id="e", time=NOW))
    assert alert is not None
    assert all(len(line) <= LINE_LIMIT for line in alert.lines)
    return "\n".join(alert.lines)


def test_an_alert_gives_the_estimate_while_labels_are_not_in_and_says_when_it_cannot_know():
    assert "accuracy of these rows is estimated at 0.7 (0.65 to 0.75) beside a reference of 0.9" in lines(estimate=FELL)
    assert "cannot be estimated either: its inputs leave what was ever seen." in lines(estimate=UNKNOWN)


def test_an_alert_says_why_where_and_what_is_to_come():
    said = lines(
        explanation="The fall since row 500 is explained for 70 % by 'age'.",
        notes=("A new model beats the champion by 0.1.",),
        segments=(SegmentData(where="job = 'student'", share=0.1, metric=0.6, reference=0.8),),
        where=("age > 45",),
        predicted=(
            ForecastData(subject="accuracy", threshold=0.75, windows=5, low=3, high=9, confidence=0.8, sentence=SOON),
        ),
    )
    assert "explained for 70 % by 'age'" in said
    assert "A new model beats the champion by 0.1." in said
    assert "Worse than before where job = 'student' (0.6, before 0.8)." in said
    assert "The relation of inputs and label changed where age > 45." in said
    assert SOON in said


def test_names_of_strangers_stay_inert_in_conditions():
    said = lines(where=("x\x1b[31m > 1\nBcc: all",), segments=())
    assert "\x1b" not in said
    assert r"x\x1b[31m > 1\nBcc: all" in said
