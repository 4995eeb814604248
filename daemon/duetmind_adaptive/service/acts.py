"""What a person may have the daemon do, as its HTTP door asks for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from duetmind_adaptive.bus.deliveries import hasten
from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import DuetMindError, JobError, RegistryError
from duetmind_adaptive.event_data import ReviewData
from duetmind_adaptive.events import ReviewApproved, ReviewRejected, derive_id, source_of
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.queue import OPEN
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.reasons import Quiet
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.registry.layout import answer_file
from duetmind_adaptive.registry.versions import Switch
from duetmind_adaptive.service.documents import (
    Document,
    incident_document,
    job_document,
    pause_document,
    review_document,
)
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.http.api import NotFoundError
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.store import audit, incidents, notices, reviews
from duetmind_adaptive.store.audit import Act
from duetmind_adaptive.store.notices import Silence
from duetmind_adaptive.store.tables import stamp

log = get_logger(__name__)

T = TypeVar("T")


class Acts:
    """The half of `http.api.Api` that changes something."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks = set[asyncio.Task[None]]()

    async def request_check(self, model: str) -> Document:
        """Check beside the schedule; the answer comes as events."""
        self._model(model)
        task = asyncio.create_task(self._check(model))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return {"model": model, "accepted": True}

    async def _check(self, model: str) -> None:
        try:
            await self._engine.checks.run(model)
        except DuetMindError as error:
            log.warning("check.request_failed", model=model, reason=str(error))

    async def request_retrain(self, model: str) -> Document:
        """Queue a retrain that a person asked for."""
        self._model(model)
        if self._engine.pausing.active():
            raise JobError("acting is paused, so nothing is retrained; duetmind resume ends that")
        request = self._engine.new_id()
        await self._engine.operations.request_retrain(model, request=request)
        return {"model": model, "request": request}

    async def cancel_job(self, job: str) -> Document:
        """End a job that has not ended."""
        cancelled = await self._engine.runner.cancel(job)
        row = await self._read(lambda conn: queue.get(conn, job))
        if row is None:
            raise NotFoundError(f"there is no job {job}; duetmind jobs lists them")
        if not cancelled:
            raise JobError(f"job {job} has ended already: it {row.state}")
        return job_document(row)

    async def answer_review(self, review: str, *, approve: bool, by: str, reason: str) -> Document:
        """A person's yes or no, once."""

        def change(tx: Transaction) -> Document:
            row = reviews.get(tx.connection, review)
            if row is None:
                raise NotFoundError(f"there is no review {review}; duetmind reviews lists them")
            kind, now = ReviewApproved if approve else ReviewRejected, self._engine.clock.now()
            data = ReviewData(
                model=row.model, review=review, subject=row.subject, reason=redact(reason), by=by, version=row.version
            )
            event = kind(id=derive_id(review, kind.__name__), source=source_of(row.model), time=now, data=data)
            if not reviews.follow(tx, event):
                raise JobError(f"review {review} is over: it was {row.state}" + (f" by {row.by}" if row.by else ""))
            self._engine.bus.publish_in(tx, event)
            return review_document(reviews.get(tx.connection, review) or row)

        return await self._engine.store.write(change)

    async def acknowledge(self, incident: str, *, by: str, note: str) -> Document:
        """Somebody takes an open incident on."""

        def change(tx: Transaction) -> Document:
            row = incidents.get(tx.connection, incident)
            if row is None:
                raise NotFoundError(f"there is no incident {incident}; duetmind incidents lists them")
            if row.state != "open":
                raise JobError(f"incident {incident} is over: it was resolved at {row.resolved}")
            now = self._engine.machine_clock.now()
            notices.acknowledge(tx, incident, severity=row.severity, by=by, note=redact(note), now=now)
            return {**incident_document(row), "acknowledged": by}

        return await self._engine.store.write(change)

    async def silence(self, model: str, *, seconds: float, by: str, reason: str) -> Document:
        """Tell nobody of a model for a while; what is still open then is told then."""
        self._model(model)
        now = self._engine.machine_clock.now()
        silence = Silence(model, now, now + timedelta(seconds=seconds), by, redact(reason))
        await self._engine.store.write(lambda tx: notices.silence(tx, silence))
        return {"model": model, "until": silence.until.isoformat(), "by": by, "reason": silence.reason}

    async def unsilence(self, model: str) -> Document:
        """Tell people of a model again, of what waited too."""
        self._model(model)
        now = stamp(self._engine.machine_clock.now())

        def change(tx: Transaction) -> bool:
            hasten(tx.connection, model=model, reason=Quiet.SILENCED, now=now)
            return notices.end_silence(tx, model)

        ended = await self._engine.store.write(change)
        self._engine.bus.wake()
        return {"model": model, "until": None, "ended": ended}

    async def note_act(self, act: Act) -> None:
        """A line of the audit log, without secrets."""
        clean = replace(act, what=redact(act.what), why=redact(act.why))
        now = self._engine.machine_clock.now()
        await self._engine.store.write(lambda tx: audit.note(tx, clean, now=now))

    async def answer_trainer(self, model: str, *, request: str, artifact: str, error: str) -> Document:
        """A trainer elsewhere tells what it made, or why it did not; once."""
        known = self._model(model)
        job = await self._read(lambda conn: queue.get(conn, request))
        if job is None or job.model != model:
            raise NotFoundError(f"nothing was asked of the trainer of {model} under the request {request}")
        if job.state not in OPEN:
            raise JobError(f"the request {request} is over: its job {job.state}")
        told = json.dumps({"artifact": artifact, "error": error}).encode()
        place = answer_file(known.folder, request)
        if not await asyncio.to_thread(_keep_first, place, told):
            raise JobError(f"the request {request} was answered already; the first answer counts")
        return {"model": model, "request": request}

    async def pause(self, reason: str) -> Document:
        """Stop acting."""
        return {"paused": pause_document(await self._engine.pausing.begin(redact(reason)))}

    async def resume(self) -> Document:
        """Act again."""
        await self._engine.resume()
        return {"paused": None}

    async def set_threshold(self, model: str, value: float | None) -> Document:
        """The smallest effect that counts as drift; None: as the config says."""
        known, request = self._model(model), self._engine.new_id()
        data = await self._engine.thresholds.set(known, value, request=request)
        return {"model": model, "before": data.before, "after": data.after}

    async def rollback(self, model: str, to: int | None) -> Document:
        """Back to the previous or the named version."""
        self._model(model)
        switch = await self._engine.operations.roll_back(
            model, request=self._engine.new_id(), to=to, reason="asked for by a person"
        )
        return _switched(model, switch)

    async def promote(self, model: str, version: int) -> Document:
        """Make a version serve."""
        self._model(model)
        switch = await self._engine.operations.promote(
            model, version, request=self._engine.new_id(), reason="asked for by a person"
        )
        return _switched(model, switch)

    def _model(self, name: str) -> Model:
        model = self._engine.model(name)
        if model is None:
            raise NotFoundError(f"there is no model '{name}' in {self._engine.loaded.path}")
        return model

    async def _read(self, query: Callable[[Connection], T]) -> T:
        return await self._engine.store.read(query)


def _keep_first(place: Path, content: bytes) -> bool:
    """Write the file whole and durably; False, and nothing changed, if it is there."""
    if place.exists():
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    write_durably(place, content)
    return True


def _switched(model: str, switch: Switch | None) -> Document:
    if switch is None:
        raise RegistryError(f"model {model} is served by this version already")
    return {"model": model, "version": switch.version, "previous": switch.previous, "reason": switch.reason}
