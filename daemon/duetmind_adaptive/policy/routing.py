"""Who is told: which of the configured channels an event goes to. Pure, asked in the publishing transaction.

An incident makes two messages, one when it opens and one when it resolves. The resolved event carries the
worst severity and all kinds of its incident, so the same routes lead it to everyone who heard of the opening
and to everyone who would have, had the incident begun as bad as it became.
"""

from __future__ import annotations

from collections.abc import Sequence

from duetmind_adaptive.event_data import DriftData
from duetmind_adaptive.events import DriftDetected, DriftResolved, Event, ReviewRequested
from duetmind_adaptive.settings.model import MatchSettings, RouteSettings


def channels_for(event: Event, routes: Sequence[RouteSettings], channels: Sequence[str]) -> tuple[str, ...]:
    """The channels `event` is sent to, in the order of `channels`.

    Without routes that is every channel. With routes it is all that the matching ones name together; an
    event that no route takes is sent to nobody.

    Parameters
    ----------
    event
        Only the opening and the end of an incident, and questions, are sent; anything else goes nowhere.
    routes
        As configured.
    channels
        Names of the channels there are; a route's other names are ignored.
    """
    if not isinstance(event, DriftDetected | DriftResolved | ReviewRequested):
        return ()
    if not routes:
        return tuple(channels)
    chosen = {name for route in routes if _takes(route.match, event) for name in route.channels}
    return tuple(name for name in channels if name in chosen)


def _takes(match: MatchSettings, event: DriftDetected | DriftResolved | ReviewRequested) -> bool:
    """A question has neither severity nor kind: it goes to whoever hears anything of its model."""
    if isinstance(event, ReviewRequested):
        return match.model is None or event.data.model in match.model
    return fits(match, event.data)


def fits(match: MatchSettings, data: DriftData) -> bool:
    """Whether every field that `match` states fits; a `kind` fits when the incident has one of them."""
    return (
        (match.model is None or data.model in match.model)
        and (match.severity is None or data.severity in match.severity)
        and (match.kind is None or not set(data.kinds).isdisjoint(match.kind))
    )
