"""Puts response actions on the bus, each with deliveries of its own."""

from __future__ import annotations

from collections.abc import Callable

from duetmind_adaptive.contracts import Attempt, Operations, Outcome, ResponseAction, Subscription
from duetmind_adaptive.events import Event


def action_subscription(action: ResponseAction, operations: Operations, held: Callable[[], bool]) -> Subscription:
    """An action takes the events it wants, once acting is not paused."""

    async def respond(event: Event, _attempt: Attempt) -> Outcome:
        return await action.respond(event, operations)

    return Subscription(name=f"response.{action.name}", wants=action.wants, effect=respond, held=held)
