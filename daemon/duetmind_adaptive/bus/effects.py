"""Runs handlers that reach outside: claim under a lease, try with a time limit, record the outcome.

The effect happens before its outcome is recorded, so a crash in between repeats it: at least once. While a try
runs, a heartbeat prolongs its lease; a lease lost all the same makes the late acknowledge be refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from duetmind_adaptive.bus import deliveries
from duetmind_adaptive.bus.backoff import final, retry_at
from duetmind_adaptive.bus.deliveries import Claim
from duetmind_adaptive.bus.work import STORE_RETRY_SECONDS, Surroundings, Turn, reports_of, trouble_of
from duetmind_adaptive.contracts import (
    Attempt,
    Delivered,
    Outcome,
    Postponed,
    Rejected,
    Retry,
    Subscription,
    Suppressed,
    Transaction,
)
from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.events import Event, parse_event
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.store.tables import stamp, unstamp

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a try's outcome means: recorded, retried at `retry`, or (with `settled`) final."""

    event: Event | None
    outcome: Outcome
    settled: Outcome | None
    now: datetime
    retry: datetime | None
    reports: list[Event]


class EffectRunner:
    """Works off the deliveries of a subscription that has an `effect`."""

    def __init__(self, subscription: Subscription, surroundings: Surroundings) -> None:
        self.subscription = subscription
        self._at = surroundings
        #: the deliveries being worked on, each with its task (None while worked through in turn)
        self._tasks: dict[int, asyncio.Task[None] | None] = {}

    @property
    def running(self) -> int:
        """How many deliveries are being worked on."""
        return len(self._tasks)

    async def turn(self, on_done: Callable[[], None]) -> Turn:
        """Claim as many as there are free places and start a task for each."""
        claims, turn = await self._claim(self.subscription.concurrency - self.running)
        for claim in claims:
            task = asyncio.create_task(self._work(claim), name=f"bus:{self.subscription.name}:{claim.delivery}")
            self._tasks[claim.delivery] = task
            task.add_done_callback(lambda _, done=claim.delivery: (self._tasks.pop(done, None), on_done()))
        return turn

    async def turn_through(self) -> Turn:
        """Claim a batch and work through it, oldest first."""
        claims, turn = await self._claim(self.subscription.concurrency)
        for claim in claims:
            self._tasks[claim.delivery] = None
            try:
                await self._work(claim)
            finally:
                del self._tasks[claim.delivery]
        return turn

    async def stop(self, grace: float) -> None:
        """Let what is running finish for `grace` seconds, then cancel it: it is tried again after a restart."""
        tasks = [task for task in self._tasks.values() if task]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ------------------------------------------------------------ claim

    async def _claim(self, limit: int) -> tuple[list[Claim], Turn]:
        if limit <= 0 or self.subscription.held():
            return [], Turn()
        failpoint("bus.claim_begin")
        claims, later = await self._at.store.write(lambda tx: self._take(tx, limit))
        failpoint("bus.claim_committed")
        return claims, Turn(len(claims), len(claims) == limit, unstamp(later) if later else None)

    def _take(self, tx: Transaction, limit: int) -> tuple[list[Claim], str | None]:
        now, name = self._at.clock.now(), self.subscription.name
        # unordered handlers may find all their running ones first, hence the extra places
        places = limit + self.running + 1
        line = deliveries.first_in_line(tx.connection, name, ordered=self.subscription.ordered, limit=places)
        due, later = deliveries.split_due(line, now=stamp(now), busy=self._tasks, limit=limit)
        until = stamp(now + self._at.lease)
        return deliveries.lease(tx.connection, due, owner=self._at.owner, until=until), later

    # ------------------------------------------------------------ try

    async def _work(self, claim: Claim) -> None:
        attempt = Attempt(claim.delivery, claim.failures + 1, unstamp(claim.created))
        try:
            event = parse_event(claim.body)
        except ValidationError as error:
            await self._finish(claim, None, attempt, Rejected(f"the event cannot be read: {error}"))
            return
        failpoint("bus.effect_begin")
        outcome = await self._try(claim, event, attempt)
        failpoint("bus.effect_done")
        await self._finish(claim, event, attempt, outcome)

    async def _try(self, claim: Claim, event: Event, attempt: Attempt) -> Outcome:
        effect, limit = self.subscription.effect, self.subscription.timeout.total_seconds()
        if effect is None:
            return Rejected("the handler has no effect any more")
        beat = asyncio.create_task(self._heartbeat(claim))
        scope = asyncio.timeout(limit)
        try:
            async with scope:
                return await effect(event, attempt)
        except Exception as error:  # noqa: BLE001 - a handler's failure is its own: recorded, retried, isolated
            if scope.expired():
                return Retry(f"took longer than {limit:g} s")
            return Retry(f"{type(error).__name__}: {error}")
        finally:
            beat.cancel()

    async def _heartbeat(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._at.heartbeat)
            try:
                held = await self._at.store.write(lambda tx: self._extend(tx, claim))
            except StoreError:  # told by the store; the next beat may succeed before the lease runs out
                continue
            if not held:
                log.warning("bus.lease_lost", handler=self.subscription.name, delivery=claim.delivery)
                return

    def _extend(self, tx: Transaction, claim: Claim) -> bool:
        return deliveries.extend(tx.connection, claim, until=stamp(self._at.clock.now() + self._at.lease))

    # ------------------------------------------------------------ record

    async def _finish(self, claim: Claim, event: Event | None, attempt: Attempt, outcome: Outcome) -> None:
        """Record the outcome, however long the store takes to come back: the effect has happened already."""
        verdict = self._judge(event, attempt, outcome)
        failpoint("bus.finish_begin")
        while True:
            try:
                kept = await self._at.store.write(lambda tx: self._record(tx, claim, verdict))
                break
            except StoreError:
                await asyncio.sleep(STORE_RETRY_SECONDS)
        failpoint("bus.finish_committed")
        self._tell(claim, verdict, kept=kept)

    def _judge(self, event: Event | None, attempt: Attempt, outcome: Outcome) -> Verdict:
        now, retry = self._at.clock.now(), None
        if isinstance(outcome, Retry):
            policy, random = self.subscription.retry, self._at.random
            retry = retry_at(outcome, failures=attempt.number, policy=policy, random=random, now=now)
        elif isinstance(outcome, Postponed):
            retry = outcome.until
        settled = final(outcome, retry)
        reports = reports_of(self.subscription, event, settled, attempt, now)
        if settled is None:
            reports = trouble_of(self.subscription, event, outcome, attempt, now)
        return Verdict(event, outcome, settled, now, retry, reports)

    def _record(self, tx: Transaction, claim: Claim, verdict: Verdict) -> bool:
        now, outcome = stamp(verdict.now), verdict.outcome
        retry = stamp(verdict.retry) if verdict.retry else None
        if isinstance(outcome, Delivered):
            kept = deliveries.acknowledge(tx.connection, claim, now=now, detail=outcome.detail)
        elif isinstance(outcome, Suppressed):
            kept = deliveries.suppress(tx.connection, claim, now=now, reason=outcome.reason)
        elif isinstance(outcome, Postponed):
            kept = deliveries.postpone(tx.connection, claim, until=retry or now, reason=outcome.reason)
        else:
            kept = deliveries.fail(tx.connection, claim, now=now, reason=outcome.reason, retry=retry)
        failpoint("bus.finish_recorded")
        if kept and verdict.event is not None and self.subscription.record is not None:
            self.subscription.record(tx, verdict.event, verdict.settled or outcome, verdict.now)
        if kept and verdict.reports:
            self._at.publish(tx, verdict.reports)
            failpoint("bus.finish_reported")
        return kept

    def _tell(self, claim: Claim, verdict: Verdict, *, kept: bool) -> None:
        facts = {"handler": self.subscription.name, "delivery": claim.delivery, "attempt": claim.failures + 1}
        if not kept:
            log.warning("bus.acknowledge_refused", **facts)
        elif isinstance(verdict.settled, Rejected):
            log.error("bus.delivery_dead", reason=verdict.settled.reason, **facts)
        elif isinstance(verdict.outcome, Retry):
            log.warning("bus.delivery_retried", reason=verdict.outcome.reason, **facts)
