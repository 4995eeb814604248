"""Who is told: which of the configured channels an event goes to. Pure, asked in the publishing transaction.

What opens, grows worse or asks goes to all that the matching routes name. The end of an incident goes to whoever any
route of its model names, however grave it became: a channel that heard of no opening sends no end (`policy.notices`).
"""

from __future__ import annotations

from collections.abc import Sequence

from duetmind_adaptive.event_data import DriftData
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated, Event, ModelRolledBack, ReviewRequested
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.settings.alerts import MatchSettings, RouteSettings

#: events that are messages
Message = DriftDetected | DriftUpdated | DriftResolved | ReviewRequested | ModelRolledBack


def channels_for(
    event: Event, routes: Sequence[RouteSettings], channels: Sequence[str], *, tags: Sequence[str] = ()
) -> tuple[str, ...]:
    """The channels `event` is sent to, in the order of `channels`.

    Without routes that is every channel. With routes it is all that the matching ones name together; an
    event that no route takes is sent to nobody.

    Parameters
    ----------
    event
        Turns of incidents, questions and promotions taken back are sent; anything else goes nowhere.
    routes
        As configured.
    channels
        Names of the channels there are; a route's other names are ignored.
    tags
        Of the event's model.
    """
    if not isinstance(event, Message) or (isinstance(event, ModelRolledBack) and event.data.reason != Reason.BREACH):
        return ()
    if not routes:
        return tuple(channels)
    chosen = {name for route in routes if takes(route.match, event, tags) for name in route.channels}
    return tuple(name for name in channels if name in chosen)


def takes(match: MatchSettings, event: Message, tags: Sequence[str]) -> bool:
    """Whether a route takes the event; but for openings and updates its model alone decides."""
    of_model = match.model is None or event.data.model in match.model
    if not of_model or not (match.tags is None or set(match.tags) & set(tags)):
        return False
    return True if isinstance(event, ReviewRequested | DriftResolved | ModelRolledBack) else fits(match, event.data)


def fits(match: MatchSettings, data: DriftData) -> bool:
    """Whether severity and kind fit, where `match` states them; one of the incident's kinds is enough."""
    return (match.severity is None or data.severity in match.severity) and (
        match.kind is None or not set(data.kinds).isdisjoint(match.kind)
    )
