"""Response actions act on exactly the events that ask for them, once per event's id."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import entry_points

import pytest

from duetmind_adaptive.contracts import Delivered, Outcome, Rejected, Retry
from duetmind_adaptive.event_data import JobData, RetrainData, ReviewData
from duetmind_adaptive.events import (
    JobStarted,
    JobSucceeded,
    RetrainRequested,
    RetrainStarted,
    ReviewApproved,
    ReviewRejected,
    make,
)
from duetmind_handlers.responses.promote import PromoteVersion
from duetmind_handlers.responses.retrain import RetrainModel
from duetmind_handlers.responses.rollback import Rollback
from duetmind_handlers.responses.scale import ScaleResources


class Recorder:
    """Operations that note what they were asked for."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.asked: list[tuple[object, ...]] = []

    async def retrain(self, model: str, *, request: str) -> Outcome:
        self.asked.append(("retrain", model, request))
        return self.outcome

    async def promote_version(self, model: str, *, request: str, version: int, reason: str) -> Outcome:
        self.asked.append(("promote", model, request, version, reason))
        return self.outcome

    async def scale_resources(self, model: str, *, request: str, coming: bool) -> Outcome:
        self.asked.append(("scale", model, request, coming))
        return self.outcome

    async def rollback(self, model: str, *, request: str, to: int | None, reason: str) -> Outcome:
        self.asked.append(("rollback", model, request, to, reason))
        return self.outcome


def requested(opened, kind=RetrainRequested):
    return make(kind, RetrainData(model="loans", reason="first_drift"), id="e-1", time=opened)


def reviewed(opened, kind=ReviewApproved, **changes):
    return make(
        kind, ReviewData(model="loans", review="r-1", **{"subject": "rollback", **changes}), id="e-2", time=opened
    )


def test_retrain_wants_decided_requests_only(opened, make_alert):
    action = RetrainModel()
    assert action.wants(requested(opened))
    assert not action.wants(requested(opened, RetrainStarted))
    assert not action.wants(make_alert().event)


@pytest.mark.parametrize("outcome", [Delivered(), Retry("busy"), Rejected("no pipeline")])
async def test_retrain_passes_the_request_s_id_and_the_outcome_on(opened, outcome):
    operations = Recorder(outcome)
    assert await RetrainModel().respond(requested(opened), operations) == outcome
    assert operations.asked == [("retrain", "loans", "e-1")]


def test_rollback_wants_a_person_s_yes_to_a_rollback_only(opened, make_alert):
    action = Rollback()
    assert action.wants(reviewed(opened))
    assert not action.wants(reviewed(opened, subject="promotion"))
    assert not action.wants(reviewed(opened, ReviewRejected))
    assert not action.wants(make_alert().event)


@pytest.mark.parametrize(
    ("changes", "to", "reason"),
    [
        ({"version": 3, "reason": "worse on Mondays"}, 3, "worse on Mondays"),
        ({"by": "ada"}, None, "review r-1 approved by ada"),
        ({}, None, "review r-1 approved by a person"),
    ],
)
async def test_rollback_carries_out_what_was_approved(opened, changes, to, reason):
    operations = Recorder(Delivered())
    assert await Rollback().respond(reviewed(opened, **changes), operations) == Delivered()
    assert operations.asked == [("rollback", "loans", "e-2", to, reason)]


async def test_rollback_refuses_an_event_that_asks_for_none(opened):
    operations = Recorder(Delivered())
    assert isinstance(await Rollback().respond(requested(opened), operations), Rejected)
    assert operations.asked == []


def test_each_entry_point_names_a_class_of_that_name():
    found = {each.name: each.load()().name for each in entry_points(group="duetmind.response_actions")}
    assert found == {name: name for name in ("retrain_model", "rollback", "promote_version", "scale_resources")}


async def test_a_yes_to_an_undecided_version_has_it_serve():
    data = ReviewData(model="loans", review="r", subject="promote_version", version=4, by="ann")
    event = make(ReviewApproved, data, id="yes", time=datetime(2026, 1, 1, tzinfo=UTC))
    operations = Recorder(Delivered())
    assert PromoteVersion().wants(event)
    assert not Rollback().wants(event)
    assert await PromoteVersion().respond(event, operations) == Delivered()
    assert operations.asked == [("promote", "loans", "yes", 4, "review r approved by ann")]


async def test_scaling_looks_when_work_is_asked_for_and_when_it_ends(opened):
    def of_job(kind):
        return make(kind, JobData(model="loans", job="j-1", kind="retrain"), id="e-3", time=opened)

    action, operations = ScaleResources(), Recorder(Delivered())
    assert action.wants(requested(opened))
    assert action.wants(of_job(JobSucceeded))
    assert not action.wants(of_job(JobStarted))
    await action.respond(requested(opened), operations)
    await action.respond(of_job(JobSucceeded), operations)
    assert operations.asked == [("scale", "loans", "e-1", True), ("scale", "loans", "e-3", False)]
