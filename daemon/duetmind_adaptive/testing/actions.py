"""What every response action keeps."""

from __future__ import annotations

import asyncio

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Delivered, Outcome, ResponseAction
from duetmind_adaptive.events import Event
from duetmind_adaptive.testing.events import sample_events
from duetmind_adaptive.testing.suite import PluginSuite, holds, is_outcome


class Recorder:
    """Operations that do nothing but note what they were asked for, as (what, model, request)."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome: Outcome = outcome or Delivered()
        self.asked: list[tuple[str, str, str]] = []

    async def retrain(self, model: str, *, request: str) -> Outcome:
        """Note it."""
        self.asked.append(("retrain", model, request))
        return self.outcome

    async def rollback(self, model: str, *, request: str, to: int | None, reason: str) -> Outcome:  # noqa: ARG002 - the contract's
        """Note it."""
        self.asked.append(("rollback", model, request))
        return self.outcome

    async def promote_version(self, model: str, *, request: str, version: int, reason: str) -> Outcome:  # noqa: ARG002 - the contract's
        """Note it."""
        self.asked.append(("promote_version", model, request))
        return self.outcome

    async def scale_resources(self, model: str, *, request: str, coming: bool) -> Outcome:  # noqa: ARG002 - the contract's
        """Note it."""
        self.asked.append(("scale_resources", model, request))
        return self.outcome


class ResponseActionSuite(PluginSuite):
    """Say `name`; override `events` if none of the sample events is wanted."""

    group = plugins.ACTIONS

    def events(self) -> tuple[Event, ...]:
        """Events to try it with; at least one of them must be wanted."""
        return sample_events()

    def make(self) -> ResponseAction:
        """The action."""
        return plugins.make(self.group, self.name)

    def test_its_name_is_its_entry_point_s(self) -> None:
        """The config's `responses` name it so."""
        holds(self.make().name == self.name, f"the action calls itself {self.make().name!r}")

    def test_wants_is_pure_and_says_yes_or_no(self) -> None:
        """It is asked in the transaction that publishes: twice the same, no error, for every event."""
        action = self.make()
        for event in self.events():
            first = action.wants(event)
            holds(first in (True, False), f"wants answered {first!r} about {event.type}")
            holds(action.wants(event) is first, f"wants changed its mind about {event.type}")
        holds(any(map(action.wants, self.events())), "it wants none of the events; override events()")

    def test_a_response_answers_with_an_outcome_and_a_repeat_does_no_more(self) -> None:
        """A crash may repeat it, with the event's id; operations are asked with that id only."""
        for event in filter(self.make().wants, self.events()):
            operations, action = Recorder(), self.make()
            first = asyncio.run(action.respond(event, operations))
            again = asyncio.run(action.respond(event, operations))
            holds(is_outcome(first), f"respond answered {first!r}, which is no outcome")
            holds(type(again) is type(first), f"the repeat answered {again!r} after {first!r}")
            requests = {request for _, _, request in operations.asked}
            holds(requests <= {event.id}, f"operations were asked by {requests}, not by the event's id")
