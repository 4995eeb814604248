"""Runs handlers that change only the store: inside the transaction that acknowledges, so exactly once.

Many deliveries share one transaction, each in a savepoint of its own: one that raises is undone and recorded as
a failed try while the others stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import takewhile

from pydantic import ValidationError

from duetmind_adaptive.bus import deliveries
from duetmind_adaptive.bus.backoff import final, retry_at
from duetmind_adaptive.bus.deliveries import Claim
from duetmind_adaptive.bus.work import Surroundings, Turn, reports_of
from duetmind_adaptive.contracts import Attempt, Delivered, Outcome, Rejected, Retry, Subscription, Transaction
from duetmind_adaptive.events import Event, parse_event
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.store.sqlite import explain
from duetmind_adaptive.store.tables import stamp, unstamp
from duetmind_adaptive.store.writer import SqlTransaction

log = get_logger(__name__)

#: most deliveries of one model, and most models, in one transaction: bounds how long it keeps other writers waiting
BATCH = 64


class ApplyRunner:
    """Works off the deliveries of a subscription that has an `apply`."""

    def __init__(self, subscription: Subscription, surroundings: Surroundings) -> None:
        self.subscription = subscription
        self._at = surroundings

    @property
    def running(self) -> int:
        """Always 0: nothing outlives its turn."""
        return 0

    async def turn(self, on_done: Callable[[], None]) -> Turn:  # noqa: ARG002 - nothing is left to be done later
        """Apply a batch of what is due, in one transaction."""
        return await self.turn_through()

    async def turn_through(self) -> Turn:
        """Apply a batch of what is due, in one transaction."""
        taken, later = await self._at.store.write(self._batch)
        if taken:
            failpoint("bus.apply_committed")
        return Turn(taken, more=taken > 0, next_due=unstamp(later) if later else None)

    async def stop(self, grace: float) -> None:
        """Nothing is running between turns."""

    def _batch(self, tx: Transaction) -> tuple[int, str | None]:
        now, subscription = self._at.clock.now(), self.subscription
        line = deliveries.first_in_line(tx.connection, subscription.name, ordered=subscription.ordered, limit=BATCH + 1)
        due, later = deliveries.split_due(line, now=stamp(now), limit=BATCH)
        if not subscription.ordered:
            return sum(self._run(tx, [claim], now) for claim in deliveries.with_bodies(tx.connection, due)), later
        taken = 0
        for head in due:
            if taken >= BATCH:
                break
            queue = deliveries.series(tx.connection, subscription.name, head.model, limit=BATCH - taken)
            ready = list(takewhile(lambda waiting: waiting.not_before <= stamp(now), queue))
            taken += self._run(tx, deliveries.with_bodies(tx.connection, ready), now)
        return taken, later

    def _run(self, tx: Transaction, queue: Sequence[Claim], now: datetime) -> int:
        """Apply deliveries in order up to the first that fails; returns how many were tried."""
        for tried, claim in enumerate(queue, start=1):
            if not self._one(tx, claim, now):
                return tried
        return len(queue)

    def _one(self, tx: Transaction, claim: Claim, now: datetime) -> bool:
        try:
            event = parse_event(claim.body)
        except ValidationError as error:
            self._fail(tx, claim, None, Rejected(f"the event cannot be read: {error}"), now)
            return False
        inner = SqlTransaction(tx.connection)
        try:
            with tx.connection.begin_nested():
                failpoint("bus.apply_begin")
                self._apply(inner, event)
                deliveries.acknowledge(tx.connection, claim, now=stamp(now))
                self._publish_report(inner, claim, event, Delivered(), now)
                failpoint("bus.apply_acknowledged")
        except Exception as error:  # a handler's failure is its own, unless the database has failed
            if explain(error, ""):
                raise
            self._fail(tx, claim, event, Retry(f"{type(error).__name__}: {error}"), now)
            return False
        for callback in inner.callbacks:
            tx.after_commit(callback)
        return True

    def _apply(self, tx: Transaction, event: Event) -> None:
        if self.subscription.apply is None:
            raise TypeError(f"the handler {self.subscription.name} no longer applies events")
        self.subscription.apply(tx, event)

    def _fail(
        self, tx: Transaction, claim: Claim, event: Event | None, outcome: Retry | Rejected, now: datetime
    ) -> None:
        retry = None
        if isinstance(outcome, Retry):
            policy, failures = self.subscription.retry, claim.failures + 1
            retry = retry_at(outcome, failures=failures, policy=policy, random=self._at.random, now=now)
        due = stamp(retry) if retry else None
        deliveries.fail(tx.connection, claim, now=stamp(now), reason=outcome.reason, retry=due)
        settled = final(outcome, retry)
        self._publish_report(tx, claim, event, settled, now)
        facts = {"handler": self.subscription.name, "delivery": claim.delivery, "attempt": claim.failures + 1}
        if settled:
            log.error("bus.delivery_dead", reason=outcome.reason, **facts)
        else:
            log.warning("bus.delivery_retried", reason=outcome.reason, **facts)

    def _publish_report(
        self, tx: Transaction, claim: Claim, event: Event | None, settled: Outcome | None, now: datetime
    ) -> None:
        attempt = Attempt(claim.delivery, claim.failures + 1, unstamp(claim.created))
        if reports := reports_of(self.subscription, event, settled, attempt, now):
            self._at.publish(tx, reports)
