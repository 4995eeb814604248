"""What a decision asks for: events to publish, with ids that follow from the event that caused them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duetmind_adaptive.event_data import Data
from duetmind_adaptive.events import Envelope, Event, derive_id, make


@dataclass(frozen=True, slots=True)
class Emit:
    """A command: publish this."""

    kind: type[Envelope[Any]]
    data: Data

    def event(self, cause: str, now: datetime) -> Event:
        """The event to publish; deciding twice about the same cause tells once, because the id is the same."""
        about = getattr(self.data, "incident", None) or getattr(self.data, "review", None)
        return make(self.kind, self.data, id=command_id(cause, self.kind, about), time=now)


def command_id(cause: str, kind: type[Envelope[Any]], about: str | None) -> str:
    """The id of the event of class `kind` that a decision about the event `cause` publishes on an incident or a review.

    >>> from duetmind_adaptive.events import RetrainRequested
    >>> command_id("a", RetrainRequested, None) == command_id("a", RetrainRequested, None)
    True
    """
    return derive_id(cause, kind.__name__, about or "")
