"""What the runners of both kinds of handler share: their surroundings, and what a turn of work answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from duetmind_adaptive.contracts import Attempt, Clock, Outcome, Retry, Store, Subscription, Transaction
from duetmind_adaptive.events import Event
from duetmind_adaptive.logger import get_logger

log = get_logger(__name__)

#: how long a claim holds without a heartbeat: what a hang of the whole process delays others by
LEASE = timedelta(seconds=30)
#: real seconds between heartbeats: two may fail before a lease runs out
HEARTBEAT_SECONDS = 10.0
#: real seconds between tries while the store cannot be written
STORE_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a runner works with; `publish` inserts events into a transaction."""

    store: Store
    clock: Clock
    #: names this process in leases; never used twice
    owner: str
    random: Random
    publish: Callable[[Transaction, Sequence[Event]], None]
    lease: timedelta = LEASE
    heartbeat: float = HEARTBEAT_SECONDS


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of work found: how many deliveries it took, if more may be due, and when the next is."""

    taken: int = 0
    more: bool = False
    next_due: datetime | None = None


def reports_of(
    subscription: Subscription, event: Event | None, settled: Outcome | None, attempt: Attempt, now: datetime
) -> list[Event]:
    """The events a subscription wants published with a final outcome; none while it is not final."""
    if event is None or settled is None or subscription.report is None:
        return []
    try:
        return list(subscription.report(event, settled, attempt, now))
    except Exception:  # a report that cannot be made must not undo what was done
        log.exception("bus.report_failed", handler=subscription.name, delivery=attempt.delivery)
        return []


def trouble_of(
    subscription: Subscription, event: Event | None, outcome: Outcome, attempt: Attempt, now: datetime
) -> list[Event]:
    """The events a subscription wants published about a delivery that has failed for long and is tried on."""
    told = subscription.trouble
    if event is None or told is None or not isinstance(outcome, Retry):
        return []
    return list(told(event, outcome, attempt, now)) if now - attempt.since >= subscription.troubled_after else []


class Runner(Protocol):
    """Works off the deliveries of one subscription."""

    subscription: Subscription

    @property
    def running(self) -> int:
        """How many deliveries are being worked on."""
        ...

    async def turn(self, on_done: Callable[[], None]) -> Turn:
        """Take what is due and start on it; `on_done` is called whenever one taken earlier is finished."""
        ...

    async def turn_through(self) -> Turn:
        """Take what is due and work through it, one after the other."""
        ...

    async def stop(self, grace: float) -> None:
        """Let what is running finish for `grace` seconds, then cancel it: it is tried again after a restart."""
        ...
