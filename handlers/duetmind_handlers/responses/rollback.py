"""The `rollback` action: puts an earlier version back once a person has agreed.

It never rolls back on its own. It acts on `duetmind.review.approved` with the subject `rollback`; the
review's `version` says which version shall serve, none means the previous one.
"""

from __future__ import annotations

from duetmind_adaptive.contracts import Operations, Outcome, Rejected
from duetmind_adaptive.events import Event, ReviewApproved

#: the subject of the reviews this action carries out
SUBJECT = "rollback"


class Rollback:
    """Carries out approved rollbacks."""

    name = "rollback"

    def wants(self, event: Event) -> bool:
        """Only a person's yes to a rollback."""
        return isinstance(event, ReviewApproved) and event.data.subject == SUBJECT

    async def respond(self, event: Event, operations: Operations) -> Outcome:
        """Roll back; a repeat of the event finds it done."""
        if not isinstance(event, ReviewApproved):
            return Rejected(f"{event.type} asks for no rollback")
        review = event.data
        reason = review.reason or f"review {review.review} approved by {review.by or 'a person'}"
        return await operations.rollback(event.model, request=event.id, to=review.version, reason=reason)
