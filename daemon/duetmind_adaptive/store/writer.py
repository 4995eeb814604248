"""The one thread that writes: it takes every change that waits, runs each in a savepoint, and commits them once.

Group commit makes durability cheap under load: sixty changes cost one flush of the disk. A change that raises
undoes only itself; a failure of the database undoes the group and is told to each of its callers, so nothing
that was acknowledged is ever lost.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.store import sqlite
from duetmind_adaptive.store.tables import meta
from duetmind_adaptive.store.upsert import insert

log = get_logger(__name__)

#: most changes in one commit: bounds how long the first of them waits for the last
MAX_GROUP = 256
#: how often a degraded store tries whether it can write again, seconds
PROBE_SECONDS = 1.0


@dataclass(slots=True)
class SqlTransaction:
    """What a change is given: the connection, and a list of what to call once the change is durable."""

    connection: Connection
    callbacks: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the event loop once the change is durable; never if it is not."""
        self.callbacks.append(callback)


@dataclass(slots=True)
class Change:
    """One waiting change and its outcome."""

    future: asyncio.Future[Any]
    #: given a transaction; a query is given the connection
    run: Callable[[Any], Any]
    #: a query of a database whose only connection is the writer's
    is_query: bool = False
    result: Any = None
    error: BaseException | None = None
    callbacks: Sequence[Callable[[], None]] = ()


class Writer:
    """Owns the writing connection from a thread of its own.

    Parameters
    ----------
    connect
        Opens the connection; called in the writer's thread, its exception is raised by `start`.
    name
        What messages call the database.
    """

    def __init__(self, connect: Callable[[], Connection], *, name: str) -> None:
        self._connect = connect
        self._name = name
        self._queue: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="duetmind-store", daemon=True)
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closing = False
        #: why writing fails at present; None while it works
        self.degraded: str | None = None

    async def start(self) -> None:
        """Open the connection; returns once changes are taken."""
        self._thread.start()
        await self._opened

    def submit(self, change: Change) -> None:
        """Queue a change; its future is resolved when it is durable. Call it on the event loop only."""
        if self._closing:
            raise StoreError(f"{self._name} is closed")
        self._queue.put(change)

    async def close(self) -> None:
        """Finish what was accepted, close the connection, end the thread."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # ------------------------------------------------------------ in the writer's thread

    def _run(self) -> None:
        try:
            self._connection = self._connect()
        except BaseException as error:  # noqa: BLE001 - handed to the task that waits in start(), whatever it is
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        while (group := self._take()) is not None:
            self._serve(group)
        sqlite.close(self._connection)

    def _take(self) -> list[Change] | None:
        """Wait for a change, then take all that wait, up to the bound; None when the store is to close."""
        while True:
            try:
                first = self._queue.get(timeout=PROBE_SECONDS if self.degraded else None)
            except queue.Empty:
                self._probe()
                continue
            if first is None:
                return None
            group = [first]
            while len(group) < MAX_GROUP and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._queue.put(None)
                    break
                group.append(following)
            return group

    def _serve(self, group: list[Change]) -> None:
        failpoint("store.group_taken")
        if writes := [change for change in group if not change.is_query]:
            self._commit(writes)
        for change in group:
            if change.is_query:
                self._query(change)
        failpoint("store.before_resolve")
        self._loop.call_soon_threadsafe(resolve, group)

    def _commit(self, group: list[Change]) -> None:
        try:
            with self._connection.begin():
                failpoint("store.after_begin")
                for change in group:
                    self._apply(change)
                failpoint("store.before_commit")
            failpoint("store.after_commit")
        except Exception as error:  # noqa: BLE001 - a failure of the database belongs to every caller in the group
            self._fail(group, error)
        else:
            self._recovered()

    def _apply(self, change: Change) -> None:
        transaction = SqlTransaction(self._connection)
        try:
            with self._connection.begin_nested():
                change.result = change.run(transaction)
                failpoint("store.after_change")
        except Exception as error:
            if sqlite.explain(error, self._name):
                raise
            change.error = error
        else:
            change.callbacks = transaction.callbacks

    def _query(self, change: Change) -> None:
        try:
            with self._connection.begin() as transaction:
                change.result = change.run(self._connection)
                transaction.rollback()
        except Exception as error:  # noqa: BLE001 - the query's exception belongs to its caller
            change.error = sqlite.explain(error, self._name) or error

    def _fail(self, group: list[Change], error: Exception) -> None:
        explained = sqlite.explain(error, self._name)
        reason = explained or StoreError(f"{self._name} could not be written: {error}")
        reason.__cause__ = error
        if self.degraded is None:
            log.error("store.degraded", reason=str(reason))
        self.degraded = str(reason)
        for change in group:
            change.error, change.callbacks = reason, ()

    def _recovered(self) -> None:
        if self.degraded is not None:
            log.info("store.recovered", reason=self.degraded)
            self.degraded = None

    def _probe(self) -> None:
        """Write one row, so that a store nobody writes to notices too when the disk has room again."""
        statement = insert(self._connection, meta).values(key="probe", value="")
        try:
            with self._connection.begin():
                self._connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": ""}))
        except Exception as error:  # noqa: BLE001 - still degraded, for this reason now
            self.degraded = str(sqlite.explain(error, self._name) or error)
        else:
            self._recovered()


def resolve(group: Sequence[Change]) -> None:
    """Call on the event loop what the changes asked to be called, then answer their callers, who run after it."""
    loop = asyncio.get_running_loop()
    for change in group:
        for callback in change.callbacks:
            loop.call_soon(callback)
    for change in group:
        if change.future.done():  # its caller was cancelled meanwhile; the change stands
            continue
        if change.error is not None:
            change.future.set_exception(change.error)
        else:
            change.future.set_result(change.result)
