"""The guide's `scale_resources`: more jobs at a time while jobs wait, fewer when there is nothing for them to do.

How many is decided in one place, within the operator's bounds; this action says when to look.
"""

from __future__ import annotations

from duetmind_adaptive.contracts import Operations, Outcome
from duetmind_adaptive.events import Event, JobCancelled, JobFailed, JobSucceeded, RetrainRequested


class ScaleResources:
    """Looks whenever a job is asked for, or ends."""

    name = "scale_resources"

    def wants(self, event: Event) -> bool:
        """What makes work, and what ends it."""
        return isinstance(event, RetrainRequested | JobSucceeded | JobFailed | JobCancelled)

    async def respond(self, event: Event, operations: Operations) -> Outcome:
        """Scale; a repeat of the event finds it done."""
        coming = isinstance(event, RetrainRequested)
        return await operations.scale_resources(event.model, request=event.id, coming=coming)
