"""What may be done to a model, each idempotent by its request: retrain, roll back, promote, check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from duetmind_adaptive.contracts import Bus, Clock, Delivered, Outcome, Rejected, Store, Transaction
from duetmind_adaptive.errors import RegistryError
from duetmind_adaptive.event_data import RetrainData, VersionData
from duetmind_adaptive.events import ModelPromoted, ModelRolledBack, RetrainRequested, derive_id, make
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.watching import TakeBack
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.versions import Switch, Version
from duetmind_adaptive.service.scaling import Scaling
from duetmind_adaptive.settings.model import Model

log = get_logger(__name__)

#: the kind of the job that makes a version
RETRAIN_JOB = "retrain"


class ModelOperations:
    """Implements `contracts.Operations`, and what people ask for over the API."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        models: Callable[[str], Model | None],
        *,
        machine_clock: Clock,
        wake_jobs: Callable[[], None],
        switched: Callable[[str], Awaitable[None]],
        scaling: Scaling,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._models = models
        #: the queue's time: a rehearsal's clock may be years ahead of it, and the job would wait for them to pass
        self._machine_clock = machine_clock
        #: says that there may be a job to claim
        self._wake_jobs = wake_jobs
        #: brings the champion link in line with the store
        self._switched = switched
        self._scaling = scaling
        self._following = set[asyncio.Future[None]]()

    async def retrain(self, model: str, *, request: str) -> Outcome:
        """Queue the training job of a request; a second call finds it queued."""
        if self._models(model) is None:
            return Rejected(f"model {model} is no longer in the config")
        fresh = await self._store.write(lambda tx: self._enqueue(tx, model, request))
        return Delivered("queued" if fresh else "already queued")

    def _enqueue(self, tx: Transaction, model: str, request: str) -> bool:
        tx.after_commit(self._wake_jobs)
        return queue.enqueue(tx, id=request, kind=RETRAIN_JOB, model=model, payload={}, now=self._machine_clock.now())

    async def request_retrain(self, model: str, *, request: str, reason: str = Reason.MANUAL) -> None:
        """Ask for a retrain as a person or the start-up does, outside the policy's budget."""
        data = RetrainData(model=model, reason=reason)
        await self._bus.publish(make(RetrainRequested, data, id=request, time=self._clock.now()))

    async def promote_version(self, model: str, *, request: str, version: int, reason: str) -> Outcome:
        """Make a version serve that a person said yes to."""
        try:
            switch = await self.promote(model, version, request=request, reason=reason)
        except RegistryError as error:
            return Rejected(str(error))
        return Delivered(f"version {switch.version} serves" if switch else "already done")

    async def scale_resources(self, model: str, *, request: str, coming: bool) -> Outcome:
        """Have as many jobs at a time as there are to run."""
        return await self._scaling.scale(model, request=request, coming=coming)

    async def rollback(self, model: str, *, request: str, to: int | None, reason: str) -> Outcome:
        """Make the previous (or the named) version serve again."""
        try:
            switch = await self.roll_back(model, request=request, to=to, reason=reason)
        except RegistryError as error:
            return Rejected(str(error))
        return Delivered(f"version {switch.version} serves" if switch else "already done")

    async def roll_back(self, model: str, *, request: str, to: int | None, reason: str) -> Switch | None:
        """As `rollback`, raising RegistryError where there is nothing to go back to; None if already done."""

        def change(tx: Transaction, now: datetime) -> Switch | None:
            return versions.rollback(tx, model, to=to, request=request, reason=reason, now=now, usable=self._is_whole)

        return await self._switch(model, ModelRolledBack, change, request)

    def take_back(self, tx: Transaction, model: str, wish: TakeBack, request: str) -> None:
        """Undo a promotion that did not hold, in the transaction of the decision; the link follows.

        Where the version before cannot serve any more, what serves goes on, and that is said.
        """
        now = self._clock.now()
        try:
            switch = versions.rollback(
                tx, model, to=wish.version, request=request, reason=wish.reason, now=now, usable=self._is_whole
            )
        except RegistryError as error:
            log.error("watch.cannot_take_back", model=model, reason=str(error))
            return
        if switch is not None:
            data, event_id = _version_data(model, switch), derive_id(request, ModelRolledBack.__name__)
            self._bus.publish_in(tx, make(ModelRolledBack, data, id=event_id, time=now))
            tx.after_commit(lambda: self._follow(model))

    def _follow(self, model: str) -> None:
        task = asyncio.ensure_future(self._switched(model))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def promote(self, model: str, version: int, *, request: str, reason: str) -> Switch | None:
        """Make a version the champion because a person says so; None if it is already.

        Raises
        ------
        RegistryError
            When there is no such version, or its artifact is gone.
        """

        def change(tx: Transaction, now: datetime) -> Switch | None:
            return versions.promote(tx, model, version, request=request, reason=reason, now=now, usable=self._is_whole)

        return await self._switch(model, ModelPromoted, change, request)

    def _is_whole(self, version: Version) -> bool:
        """Whether the version can serve: a model of the config, and its artifact is there."""
        known = self._models(version.model)
        return known is not None and versions.is_whole(version, known.folder)

    async def _switch(
        self,
        model: str,
        kind: type[ModelPromoted | ModelRolledBack],
        change: Callable[[Transaction, datetime], Switch | None],
        request: str,
    ) -> Switch | None:
        """The switch and the event that tells of it in one transaction, then the link that servers follow."""

        def transaction(tx: Transaction) -> Switch | None:
            now = self._clock.now()
            switch = change(tx, now)
            if switch is not None:
                event_id = derive_id(request, kind.__name__)
                self._bus.publish_in(tx, make(kind, _version_data(model, switch), id=event_id, time=now))
            return switch

        switch = await self._store.write(transaction)
        await self._switched(model)
        return switch


def _version_data(model: str, switch: Switch) -> VersionData:
    return VersionData(
        model=model,
        version=switch.version,
        previous=switch.previous,
        reason=switch.reason,
        metric=switch.metric,
        sha256=switch.sha256,
    )
