"""The bus: events become durable with the change they tell of, and reach every handler that wants them.

Publishes that arrive together share one insert and one commit. In the daemon `start` works deliveries off as they
become due; in simulated time nothing runs by itself: `settle` works off what is due now, and `next_due` says
where time has to move for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from duetmind_adaptive.bus import deadletters, deliveries
from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.bus.applies import ApplyRunner
from duetmind_adaptive.bus.deadletters import Counts
from duetmind_adaptive.bus.dispatcher import Dispatcher
from duetmind_adaptive.bus.effects import EffectRunner
from duetmind_adaptive.bus.log import Prepared
from duetmind_adaptive.bus.work import HEARTBEAT_SECONDS, LEASE, Surroundings
from duetmind_adaptive.contracts import Clock, Store, Subscription, Transaction
from duetmind_adaptive.events import Event
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.store.tables import stamp

log = get_logger(__name__)

#: how long a stop waits for handlers that are at work, seconds: less than a service manager waits before it kills
STOP_GRACE = 10.0


class DurableBus:
    """The `Bus` on a `Store`.

    Parameters
    ----------
    store
        Holds events and deliveries.
    clock
        Dates deliveries, leases and retries.
    owner
        Names this process in leases. Never used twice, because leases of other owners are taken back at start.
    random
        Draws the jitter of retries.
    lease, heartbeat
        How long a claim holds, and the real seconds between its renewals.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        owner: str,
        random: Random | None = None,
        lease: timedelta = LEASE,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        jitter = random or Random()  # noqa: S311 - spreads retries, guards nothing
        self._at = Surroundings(store, clock, owner, jitter, self._publish_all, lease, heartbeat)
        self._dispatchers: dict[str, Dispatcher] = {}
        self._waiting: list[tuple[list[Prepared], asyncio.Future[None]]] = []
        self._flushes: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._started = False

    # ------------------------------------------------------------ handlers

    def subscribe(self, subscription: Subscription) -> None:
        """Register a handler; deliveries are made for events published from then on.

        A name that is already subscribed gets the new subscription in place of the old, and keeps its deliveries.

        Raises
        ------
        ValueError
            When not exactly one of `effect` and `apply` is set, or a replacement changes from one to the other.
        """
        if (subscription.effect is None) == (subscription.apply is None):
            raise ValueError(f"subscription {subscription.name}: set exactly one of effect and apply")
        runner = (EffectRunner if subscription.effect else ApplyRunner)(subscription, self._at)
        if present := self._dispatchers.get(subscription.name):
            if type(present.runner) is not type(runner):
                raise ValueError(f"subscription {subscription.name}: unsubscribe it before it changes its kind")
            present.runner.subscription = subscription
            present.wake()
            return
        dispatcher = Dispatcher(runner, self._clock, self._idle.set)
        # a new dictionary, because the writer's thread may be going through the old one
        self._dispatchers = {**self._dispatchers, subscription.name: dispatcher}
        if self._started:
            dispatcher.start()

    async def unsubscribe(self, name: str) -> None:
        """Remove a handler; what is still open for it becomes dead letters."""
        dispatcher = self._dispatchers[name]
        self._dispatchers = {key: value for key, value in self._dispatchers.items() if key != name}
        await dispatcher.stop(STOP_GRACE)
        await self._store.write(self._bury)

    def wake(self) -> None:
        """Look at every handler's deliveries again: one that was held may go on."""
        for dispatcher in self._dispatchers.values():
            dispatcher.wake()

    # ------------------------------------------------------------ publish

    async def publish(self, *events: Event) -> None:
        """Returns once the events are durable; a repeat of an id is ignored."""
        if not events:
            return
        failpoint("bus.publish_called")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            # at the end of this turn of the loop: whoever publishes in it shares the commit
            loop.call_soon(self._flush)
        self._waiting.append(([self._prepare(event) for event in events], done))
        await done
        failpoint("bus.publish_acknowledged")

    def publish_in(self, tx: Transaction, *events: Event) -> None:
        """Publish inside the transaction that makes the change the events tell of."""
        self._publish_all(tx, events)

    def _publish_all(self, tx: Transaction, events: Sequence[Event]) -> None:
        if events:
            self._append(tx, [self._prepare(event) for event in events])

    def _prepare(self, event: Event) -> Prepared:
        return event_log.prepare(event, [name for name, d in self._dispatchers.items() if _wants(d, event)])

    def _append(self, tx: Transaction, batch: Sequence[Prepared]) -> None:
        handlers = event_log.append(tx.connection, batch, created=stamp(self._clock.now()))
        if handlers:
            tx.after_commit(lambda: self._wake(handlers))

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        batch = [prepared for several, _ in waiting for prepared in several]
        task = asyncio.create_task(self._store.write(lambda tx: self._append(tx, batch)))
        self._flushes.add(task)

        def answer(task: asyncio.Task[None]) -> None:
            self._flushes.discard(task)
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            for _, done in waiting:
                if done.done():  # its publisher was cancelled; the event stands all the same
                    continue
                done.set_exception(error) if error else done.set_result(None)

        task.add_done_callback(answer)

    def _wake(self, handlers: set[str]) -> None:
        failpoint("bus.woken")
        for name in handlers:
            if dispatcher := self._dispatchers.get(name):
                dispatcher.wake()

    # ------------------------------------------------------------ life

    async def recover(self) -> None:
        """Take back what an earlier process had leased, and bury what is open for handlers that are gone.

        Right only while no other process works on this store, and after every handler is subscribed.
        """

        def change(tx: Transaction) -> tuple[int, int]:
            adopted = deliveries.adopt(tx.connection, owner=self._at.owner, now=stamp(self._clock.now()))
            failpoint("bus.adopted")
            return adopted, self._bury(tx)

        adopted, buried = await self._store.write(change)
        failpoint("bus.recovered")
        if adopted or buried:
            log.info("bus.recovered", adopted=adopted, buried=buried)

    async def start(self) -> None:
        """Recover, then work deliveries off as they become due, until `stop`."""
        await self.recover()
        self._started = True
        for dispatcher in self._dispatchers.values():
            dispatcher.start()

    async def drain(self, within: float) -> bool:
        """Wait until nothing is due or running; retries due later stay. False if `within` seconds were not enough."""
        try:
            async with asyncio.timeout(within):
                while not self.quiet():
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self, grace: float = STOP_GRACE) -> None:
        """Take nothing more; cancel what still runs after `grace` seconds, to be tried again after a restart."""
        self._started = False
        await asyncio.gather(*(dispatcher.stop(grace) for dispatcher in self._dispatchers.values()))

    def _bury(self, tx: Transaction) -> int:
        return deliveries.bury(tx.connection, handlers=self._dispatchers.keys(), now=stamp(self._clock.now()))

    # ------------------------------------------------------------ simulated time

    async def settle(self) -> None:
        """Work through everything due now, handler by handler in the order of subscription, until nothing is."""
        worked = True
        while worked:
            worked = False
            for dispatcher in list(self._dispatchers.values()):
                worked = await dispatcher.settle() or worked

    def next_due(self) -> datetime | None:
        """When the next retry or lease is due, as far as is known; the present if something is due already."""
        if any(dispatcher.is_due() for dispatcher in self._dispatchers.values()):
            return self._clock.now()
        return min((d.next_due for d in self._dispatchers.values() if d.next_due), default=None)

    def quiet(self) -> bool:
        """True while nothing is running and nothing is due."""
        return all(dispatcher.is_quiet() for dispatcher in self._dispatchers.values())

    # ------------------------------------------------------------ dead letters

    async def counts(self) -> Counts:
        """How many deliveries are open, how many were given up."""
        return await self._store.read(deadletters.counts)

    async def replay(self, *ids: int) -> int:
        """Open dead deliveries again, by their ids; returns how many."""
        return await self._revive(ids=ids)

    async def replay_range(self, first_seq: int, last_seq: int, *, handler: str | None = None) -> int:
        """Open again the dead deliveries of events in `[first_seq, last_seq]`, of one handler or all."""
        return await self._revive(first_seq=first_seq, last_seq=last_seq, handler=handler)

    async def _revive(
        self,
        *,
        ids: Sequence[int] | None = None,
        first_seq: int | None = None,
        last_seq: int | None = None,
        handler: str | None = None,
    ) -> int:
        def change(tx: Transaction) -> int:
            revived = deadletters.revive(
                tx.connection,
                now=stamp(self._clock.now()),
                ids=ids,
                first_seq=first_seq,
                last_seq=last_seq,
                handler=handler,
            )
            tx.after_commit(lambda: self._wake(set(revived)))
            return len(revived)

        return await self._store.write(change)


def _wants(dispatcher: Dispatcher, event: Event) -> bool:
    subscription = dispatcher.runner.subscription
    try:
        return subscription.wants(event)
    except Exception:  # a handler that cannot tell must neither stop a publish nor miss the event
        log.exception("bus.wants_failed", handler=subscription.name, type=event.type)
        return True
