"""The `promote_version` action: has a version serve that nothing could be proved of, once a person has agreed.

It acts on `duetmind.review.approved` with the subject `promote_version`; the review's `version` says which.
"""

from __future__ import annotations

from duetmind_adaptive.contracts import Operations, Outcome, Rejected
from duetmind_adaptive.events import Event, ReviewApproved

#: the subject of the reviews this action carries out
SUBJECT = "promote_version"


class PromoteVersion:
    """Carries out approved promotions."""

    name = "promote_version"

    def wants(self, event: Event) -> bool:
        """Only a person's yes to a promotion."""
        return isinstance(event, ReviewApproved) and event.data.subject == SUBJECT

    async def respond(self, event: Event, operations: Operations) -> Outcome:
        """Promote; a repeat of the event finds it done."""
        if not isinstance(event, ReviewApproved) or event.data.version is None:
            return Rejected(f"{event.type} names no version to promote")
        review = event.data
        reason = review.reason or f"review {review.review} approved by {review.by or 'a person'}"
        return await operations.promote_version(
            event.model, request=event.id, version=review.version or 0, reason=reason
        )
