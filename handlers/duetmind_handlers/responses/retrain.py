"""The guide's `retrain_model`: carries out the retrains that were decided on.

Whether to retrain (drift, budget, cool-down, broken data) is decided before, in one place, and published as
`duetmind.retrain.requested`. This action turns that request into a job; the event's id is the job's.
"""

from __future__ import annotations

from duetmind_adaptive.contracts import Operations, Outcome
from duetmind_adaptive.events import Event, RetrainRequested


class RetrainModel:
    """Queues a training job for each request."""

    name = "retrain_model"

    def wants(self, event: Event) -> bool:
        """Only a decided request, never drift itself."""
        return isinstance(event, RetrainRequested)

    async def respond(self, event: Event, operations: Operations) -> Outcome:
        """Queue the job; a repeat of the event finds the job already there."""
        return await operations.retrain(event.model, request=event.id)
