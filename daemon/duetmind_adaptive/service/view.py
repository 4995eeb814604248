"""The daemon as its HTTP door sees it: reads from the store, and acts handed to the operations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from duetmind_adaptive import __version__
from duetmind_adaptive.bus import deadletters
from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.job_logs import JobLogs
from duetmind_adaptive.jobs.load import TaskLoad
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.ray_pool import RayPool
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.versions import Version
from duetmind_adaptive.service.acts import Acts
from duetmind_adaptive.service.documents import (
    Document,
    audit_document,
    check_document,
    incident_document,
    iso,
    job_document,
    outcome_document,
    outlook,
    pause_document,
    review_document,
)
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.http.api import Artifact, BadCursorError, NotFoundError, Page, Streamed
from duetmind_adaptive.service.incident_story import story
from duetmind_adaptive.service.liveness import Liveness
from duetmind_adaptive.service.load import resources, share_document, task_document
from duetmind_adaptive.service.reloading import Reloader
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.service.thresholds import threshold_of
from duetmind_adaptive.service.workflows.view import WorkflowView
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.store import audit, checks, incidents, outcomes, reviews


class View(Acts):
    """Implements `http.api.Api`."""

    def __init__(
        self,
        engine: Engine,
        scheduler: Scheduler,
        pool: ProcessPool,
        liveness: Liveness,
        reloader: Reloader,
        *,
        logs: JobLogs,
        cluster: RayPool | None = None,
    ) -> None:
        super().__init__(engine)
        self._scheduler = scheduler
        self._pool = pool
        self._liveness = liveness
        self._reloader = reloader
        self._logs = logs
        #: what runs jobs elsewhere
        self._cluster = cluster
        self.workflows = WorkflowView(engine)
        self._started = time.monotonic()

    # ------------------------------------------------------------ how it is

    async def ready(self) -> list[str]:
        """Why the daemon does not serve."""
        return self._liveness.problems()

    async def status(self) -> Document:
        """The contract's `/status`, and what became of the last reload."""
        stored = await self._engine.store.read(lambda conn: _status_of(conn, self._engine.loaded.models))
        for name, model in stored["models"].items():
            model["next_check"] = iso(self._scheduler.next_due(name))
        tasks = await self._at_work()
        loads = [self._pool.load, *([self._cluster.load] if self._cluster else [])]
        elsewhere = [self._cluster.problem] if self._cluster and self._cluster.problem else []
        return {
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            **stored,
            "paused": pause_document(self._engine.pausing.current),
            "resources": resources(loads, tasks),
            "tasks": [task_document(task) for task in tasks],
            "config": {
                "path": str(self._engine.loaded.path),
                "error": self._reloader.error,
                "restart_needed": list(self._reloader.restart_needed),
                "warnings": [*self._engine.loaded.warnings, *self._engine.handlers.problems],
            },
            "problems": [*self._liveness.problems(), *elsewhere],
        }

    # ------------------------------------------------------------ lists

    async def models(self, limit: int, cursor: str | None) -> Page:
        """The configured models, by name."""
        known = self._engine.loaded.models
        names = sorted(name for name in known if cursor is None or name > cursor)
        page = {name: known[name] for name in names[:limit]}
        stored = await self._engine.store.read(lambda conn: _status_of(conn, page))
        items = [self._model_document(name, row) for name, row in stored["models"].items()]
        return Page(items, names[limit - 1] if len(names) > limit else None)

    def _model_document(self, name: str, row: Document) -> Document:
        model = self._model(name)
        facts = {"name": name, "task": model.task, "target": model.target, "metric_name": model.metric}
        return facts | row | {"next_check": iso(self._scheduler.next_due(name)), "responses": list(model.responses)}

    async def checks(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Checks, newest first."""
        before = _check_cursor(cursor)
        rows = await self._read(lambda conn: checks.page(conn, model=model, before=before, limit=limit + 1))
        return _page([check_document(row) for row in rows], limit, lambda i: _cursor_of_check(rows[i]))

    async def events(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Events, newest first."""
        before = _number_cursor(cursor)
        rows = await self._read(lambda conn: event_log.page(conn, model=model, before_seq=before, limit=limit + 1))
        return _page([row.event.model_dump(mode="json") for row in rows], limit, lambda i: str(rows[i].seq))

    async def incident(self, incident: str) -> Document:
        """One incident with everything that is known of it."""

        def query(conn: Connection) -> Document:
            row = incidents.get(conn, incident)
            if row is None:
                raise NotFoundError(f"there is no incident {incident}; duetmind incidents lists them")
            return story(conn, row, self._engine.loaded)

        return await self._read(query)

    async def incidents(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Incidents, newest first."""
        rows = await self._read(lambda conn: incidents.page(conn, model=model, before=cursor, limit=limit + 1))
        return _page([incident_document(row) for row in rows], limit, lambda i: f"{rows[i].opened} {rows[i].id}")

    async def jobs(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Jobs, newest first."""
        rows = await self._read(lambda conn: queue.page(conn, limit=limit + 1, before=cursor, model=model))
        tasks = {task.job: task for task in await self._at_work()}
        items = [job_document(job) | share_document(tasks.get(job.id)) for job in rows]
        return _page(items, limit, lambda i: rows[i].cursor)

    async def audit(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Acts, newest first."""
        before = _number_cursor(cursor)
        rows = await self._read(lambda conn: audit.page(conn, model=model, before=before, limit=limit + 1))
        return _page([audit_document(row) for row in rows], limit, lambda i: str(rows[i].seq))

    async def outcomes(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """What became of each act, newest first."""
        rows = await self._read(lambda conn: outcomes.page(conn, model=model, before=cursor, limit=limit + 1))
        return _page([outcome_document(row) for row in rows], limit, lambda i: f"{rows[i].at} {rows[i].id}")

    async def reviews(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Questions to people, newest first."""
        rows = await self._read(lambda conn: reviews.page(conn, model=model, before=cursor, limit=limit + 1))
        return _page([review_document(row) for row in rows], limit, lambda i: f"{rows[i].asked} {rows[i].id}")

    async def job_log(self, job: str, offset: int) -> Document:
        """What a job printed, and whether more may come."""
        row = await self._read(lambda conn: queue.get(conn, job))  # before the log, which then is whole if it has ended
        if row is None:
            raise NotFoundError(f"there is no job {job}; duetmind jobs lists them")
        piece = await asyncio.to_thread(self._logs.read, job, offset)
        return {"job": job, "state": row.state, "text": piece.text, "next": piece.next}

    async def _at_work(self) -> tuple[TaskLoad, ...]:
        """What waits and runs, here and on the cluster."""
        here = await self._pool.tasks()
        return here if self._cluster is None else here + await self._cluster.tasks()

    async def last_event(self) -> int:
        """The place of the newest event."""
        return await self._read(event_log.last_seq)

    async def event_tail(self, after: int, limit: int) -> Sequence[Streamed]:
        """The events after a place."""
        rows = await self._read(lambda conn: event_log.after(conn, after, limit))
        return [Streamed(row.seq, row.body) for row in rows]

    # ------------------------------------------------------------ the champion

    async def champion(self, model: str) -> Document:
        """The serving version."""
        row = await self._champion(model)
        reign = (await self._read(lambda conn: versions.history(conn, model, limit=1)))[0]
        return {
            "model": model,
            "version": row.version,
            "sha256": row.sha256,
            "promoted": iso(reign.since),
            "metric": row.metric,
        }

    async def champion_at(self, model: str, when: datetime) -> Document:
        """The version that served at a moment."""
        self._model(model)
        reign = await self._read(lambda conn: versions.reign_at(conn, model, when))
        row = await self._read(lambda conn: versions.get(conn, model, reign.version)) if reign else None
        if reign is None or row is None:
            raise NotFoundError(f"no version of {model} served at {when.isoformat()}")
        return {
            "model": model,
            "version": row.version,
            "sha256": row.sha256,
            "promoted": iso(reign.since),
            "until": iso(reign.until),
            "metric": row.metric,
        }

    async def champion_artifact(self, model: str) -> Artifact:
        """The serving version's file."""
        row = await self._champion(model)
        reference = versions.version_ref(row, self._model(model).folder)
        if reference.artifact is None or reference.sha256 is None:
            raise NotFoundError(f"version {row.version} of {model} is deployed elsewhere; there is no file of it here")
        return Artifact(reference.artifact, reference.sha256)

    async def _champion(self, model: str) -> Version:
        self._model(model)
        row = await self._read(lambda conn: versions.champion(conn, model))
        if row is None:
            raise NotFoundError(f"model {model} has no version yet")
        return row


def _status_of(conn: Connection, models: Mapping[str, Model]) -> Document:
    counts = deadletters.counts(conn)
    return {
        "models": {name: model_status(conn, name) | _threshold(conn, model) for name, model in models.items()},
        "bus": {"pending": counts.pending, "dead": counts.dead},
        "jobs": queue.counts(conn),
    }


def _threshold(conn: Connection, model: Model) -> Document:
    """The threshold where it is another than the config's."""
    present = threshold_of(conn, model)
    return {} if present == model.drift_threshold else {"drift_threshold": present}


def model_status(conn: Connection, name: str) -> Document:
    """One model at a glance."""
    row, champion, incident = checks.latest(conn, name), versions.champion(conn, name), incidents.open_of(conn, name)
    return {
        "champion": champion.version if champion else None,
        "again": champion.body.get("again") if champion else None,
        "last_check": row.at if row else None,
        "next_check": None,
        "drift": bool(row.drift) if row else None,
        "severity": row.severity if row else None,
        "open_incident": incident.id if incident else None,
        "metric": row.metric if row else None,
        "problem": checks.cursor(conn, name).problem,
        **outlook(row.report if row else None),
    }


def _page(items: Sequence[Document], limit: int, cursor: Callable[[int], str]) -> Page:
    """The first `limit` of the items read; one more was asked for to know whether there are more."""
    return Page(items[:limit], cursor(limit - 1) if len(items) > limit else None)


def _number_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isdecimal():
        raise BadCursorError
    return int(cursor)


def _cursor_of_check(row: Any) -> str:
    return f"{row.at} {row.first_row} {row.model}"


def _check_cursor(cursor: str | None) -> tuple[str, str, int] | None:
    if cursor is None:
        return None
    at, _, rest = cursor.partition(" ")
    first_row, _, model = rest.partition(" ")
    if not first_row.isdecimal():
        raise BadCursorError
    return at, model, int(first_row)
