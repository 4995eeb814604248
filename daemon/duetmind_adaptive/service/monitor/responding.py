"""Carries out an action on request: what the policy waits for where it waits for it, else as a person asks for it.

Every effect has the id of what asks for it, so that the same request has one effect however often it is made.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.contracts import Delivered, Outcome, Transaction
from duetmind_adaptive.errors import ConfigError, DuetMindError, RegistryError
from duetmind_adaptive.event_data import RetrainData, ReviewData
from duetmind_adaptive.events import (
    Event,
    ModelPromoted,
    ModelRejected,
    RetrainFailed,
    ReviewApproved,
    ReviewRejected,
    ReviewRequested,
    derive_id,
    make,
    parse_event,
    source_of,
)
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.registry import versions
from duetmind_adaptive.service.monitor.configuration import ResponseAction, allowed
from duetmind_adaptive.service.monitor.core import MonitorCore
from duetmind_adaptive.service.monitor.frames import PRODUCTION, rows_of
from duetmind_adaptive.service.monitor.news import request_waiting
from duetmind_adaptive.service.monitor.orders import RetrainOrder, ask
from duetmind_adaptive.service.monitor.results import ActionOutcome, Document, DriftAlert
from duetmind_adaptive.settings.problems import found
from duetmind_adaptive.store import audit, reviews
from duetmind_adaptive.store.audit import Act

#: who acts, in the audit log
CALLER = "the monitor's caller"
#: events that are looked through for one that an installed action wants
LOOKED_AT = 100
#: what a monitor says that has nothing to retrain with
NO_TRAINER = "nothing here retrains this model; give ResponseConfig(retrain_config={'callback': …}) or 'pipeline'"


class Responder:
    """The actions of one monitor."""

    def __init__(self, core: MonitorCore) -> None:
        self._core = core

    async def execute(self, action: str, alert: DriftAlert | None) -> ActionOutcome:
        """Carry it out; what stands in the way is the outcome, not an exception.

        Raises
        ------
        ConfigError
            There is no such action.
        """
        core, name = self._core, str(action)
        allowed("execute_response_action", name, sorted({*map(str, ResponseAction), *core.actions}))
        if alert is not None and not isinstance(alert, DriftAlert):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(f"execute_response_action: alert: {found(alert, 'a DriftAlert of the results, or None')}")
        if name not in core.model.responses:
            return ActionOutcome(action=name, status="refused", detail=f"{name} is not in enabled_actions")
        if core.engine.pausing.active():
            return ActionOutcome(action=name, status="refused", detail="acting is paused")
        if alert is not None and (request := await core.store.read(lambda conn: _done(conn, name, alert))):
            return ActionOutcome(action=name, status="done", detail="done already", request=request)
        outcome = await self._carry_out(name, alert)
        if outcome.status == "done":
            act = Act(CALLER, name, core.name, alert.id if alert else "", outcome.request)
            now = core.engine.clock.now()
            await core.store.write(lambda tx: audit.note(tx, act, now=now))
        return outcome

    async def _carry_out(self, name: str, alert: DriftAlert | None) -> ActionOutcome:
        request = derive_id(alert.id if alert else self._core.engine.new_id(), name)
        match name:
            case ResponseAction.RETRAIN_MODEL:
                return await self._retrain(alert, request)
            case ResponseAction.ROLLBACK:
                return await self._roll_back(alert, request)
            case ResponseAction.HUMAN_REVIEW:
                return await self._ask_person(alert, request)
            case _:
                return await self._other(name)

    # ------------------------------------------------------------ retrain

    async def _retrain(self, alert: DriftAlert | None, request: str) -> ActionOutcome:
        core, callback = self._core, self._core.options.responses.callback
        said = partial(ActionOutcome, action=str(ResponseAction.RETRAIN_MODEL))
        if callback is None and core.model.pipeline is None:
            return said(status="refused", detail=NO_TRAINER)
        async with core.turn:
            request = await self._requested(request)
        if await core.store.read(lambda conn: versions.of_job(conn, request)):
            return said(status="done", detail="done already", request=request)
        if callback is None:
            return await self._learn(request)
        order = RetrainOrder(
            request=request, model=core.name, alert=alert, reference=core.kept,
            production=core.place.folder / PRODUCTION,
        )  # fmt: skip
        try:
            answer = await ask(callback, order)
            reference = answer.get("reference_data")
            table = None if reference is None else rows_of(reference, "the callback's reference_data", fewest=2)
            async with core.turn:
                number = await core.rebase(table, answer.get("baseline_metrics"), request=request)
        except DuetMindError as error:
            await self._failed(request, str(error))
            return said(status="failed", detail=str(error), request=request)
        return said(status="done", detail=f"retrained; version {number} is watched from now on", request=request)

    async def _requested(self, request: str) -> str:
        """The request that the policy waits for, else one of a person's."""
        core = self._core
        waiting = await core.store.read(lambda conn: request_waiting(conn, core.name))
        if waiting is not None:
            return waiting
        await core.engine.operations.request_retrain(core.name, request=request)
        await core.engine.settle()
        return request

    async def _learn(self, request: str) -> ActionOutcome:
        """As the daemon does: a job, the gate, a promotion or a rejection."""
        core = self._core
        async with core.turn:
            seq = await core.store.read(event_log.last_seq)
            await core.engine.operations.retrain(core.name, request=request)
            await core.engine.settle()
            ends = await core.store.read(lambda conn: _ends(conn, seq))
        said = partial(ActionOutcome, action=str(ResponseAction.RETRAIN_MODEL), request=request)
        match ends:
            case ModelPromoted():
                return said(status="done", detail=f"version {ends.data.version} serves. {ends.data.message}".strip())
            case ModelRejected():
                return said(status="done", detail=f"version {ends.data.version} does not serve: {ends.data.message}")
            case RetrainFailed():
                return said(status="failed", detail=ends.data.message)
            case _:
                return said(status="failed", detail="the retrain has not ended")

    async def _failed(self, request: str, reason: str) -> None:
        """Tell that there will be no version, so that the policy waits before it asks again."""
        core = self._core
        data = RetrainData(model=core.name, reason="failed", message=redact(reason), job=request)
        event = make(RetrainFailed, data, id=derive_id(request, "failed"), time=core.engine.clock.now())
        async with core.turn:
            await core.engine.bus.publish(event)
            await core.engine.settle()

    # ------------------------------------------------------------ the others

    async def _roll_back(self, alert: DriftAlert | None, request: str) -> ActionOutcome:
        core = self._core
        reason = f"asked for by the caller{': ' + alert.title if alert else ''}"
        said = partial(ActionOutcome, action=str(ResponseAction.ROLLBACK), request=request)
        async with core.turn:
            try:
                switch = await core.engine.operations.roll_back(core.name, request=request, to=None, reason=reason)
            except RegistryError as error:
                return said(status="refused", detail=str(error))
            await core.engine.settle()
        return said(status="done", detail=f"version {switch.version} serves" if switch else "done already")

    async def _ask_person(self, alert: DriftAlert | None, request: str) -> ActionOutcome:
        core = self._core
        said = partial(ActionOutcome, action=str(ResponseAction.HUMAN_REVIEW), status="done")
        async with core.turn:
            waiting = await core.store.read(lambda conn: reviews.open_of(conn, core.name))
            if waiting:
                return said(detail=f"review {waiting[0]} waits for an answer", request=waiting[0])
            why = alert.title if alert else "The caller asks for a look"
            data = ReviewData(model=core.name, review=request, subject=str(ResponseAction.RETRAIN_MODEL), reason=why)
            event = ReviewRequested(
                id=derive_id(request, "asked"), source=source_of(core.name), time=core.engine.clock.now(), data=data
            )
            await core.store.write(lambda tx: self._ask(tx, event))
            await core.engine.settle()
        return said(detail=f"review {request} waits for an answer", request=request)

    def _ask(self, tx: Transaction, event: ReviewRequested) -> None:
        reviews.follow(tx, event)
        self._core.engine.bus.publish_in(tx, event)

    async def answer(self, review: str, *, approve: bool, by: str, reason: str) -> None:
        """A person's yes or no, once; what follows from it is recommended, or done where that is automatic."""
        core = self._core

        def change(tx: Transaction) -> None:
            row = reviews.get(tx.connection, review)
            if row is None:
                raise ConfigError(f"there is no review {review}; open_reviews lists them")
            kind = ReviewApproved if approve else ReviewRejected
            data = ReviewData(
                model=row.model, review=review, subject=row.subject, reason=redact(reason), by=by, version=row.version
            )
            now, event_id = core.engine.clock.now(), derive_id(review, kind.__name__)
            event = kind(id=event_id, source=source_of(row.model), time=now, data=data)
            if not reviews.follow(tx, event):
                raise ConfigError(f"review {review} is over: it was {row.state}")
            core.engine.bus.publish_in(tx, event)

        async with core.turn:
            await core.store.write(change)
            await core.engine.settle()

    async def open_reviews(self) -> list[Document]:
        """The questions that wait for an answer, newest first."""
        core, names = self._core, ("id", "subject", "reason", "version", "asked")
        rows = await core.store.read(lambda conn: reviews.page(conn, model=core.name, before=None, limit=LOOKED_AT))
        return [{name: getattr(row, name) for name in names} for row in rows if row.state == "open"]

    async def _other(self, name: str) -> ActionOutcome:
        """An installed action, on the newest event that it wants."""
        core = self._core
        action = core.actions.get(name)
        said = partial(ActionOutcome, action=name)
        if action is None:
            return said(status="refused", detail=f"{name} is not installed")
        async with core.turn:
            event = await core.store.read(lambda conn: self._wanted(conn, name))
            if event is None:
                return said(status="refused", detail=f"nothing that happened calls for {name}")
            outcome: Outcome = await action.respond(event, core.engine.operations)
            await core.engine.settle()
        if isinstance(outcome, Delivered):
            return said(status="done", detail=outcome.detail, request=event.id)
        return said(status="failed", detail=outcome.reason, request=event.id)

    def _wanted(self, conn: Connection, name: str) -> Event | None:
        logged = event_log.page(conn, model=self._core.name, limit=LOOKED_AT)
        return next((event for event in (parse_event(each.body) for each in logged) if self._wants(name, event)), None)

    def _wants(self, name: str, event: Event) -> bool:
        return self._core.actions[name].wants(event)


def _done(conn: Connection, name: str, alert: DriftAlert) -> str | None:
    """The request of an action that was carried out for this alert."""
    return audit.outcome_of(conn, what=name, model=alert.model, why=alert.id)


def _ends(conn: Connection, seq: int) -> ModelPromoted | ModelRejected | RetrainFailed | None:
    """How the retrain after `seq` ended."""
    events = (parse_event(each.body) for each in event_log.after(conn, seq, LOOKED_AT))
    return next((each for each in events if isinstance(each, ModelPromoted | ModelRejected | RetrainFailed)), None)
