"""Runs of workflows as the HTTP door shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.http.api import Document, NotFoundError, Page
from duetmind_adaptive.store import workflows as rows
from duetmind_adaptive.training.orchestration.course import ENDED


class WorkflowView:
    """Implements `http.api.Workflows`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def page(self, limit: int, cursor: str | None, workflow: str | None) -> Page:
        """Runs, newest first."""

        def read(conn: Connection) -> tuple[list[Row[Any]], dict[str, dict[str, int]]]:
            found = list(rows.page(conn, limit=limit + 1, before=cursor, workflow=workflow))
            return found, rows.counts(conn, [row.id for row in found])

        found, counts = await self._engine.store.read(read)
        items = [_document(row, counts.get(row.id, {})) for row in found[:limit]]
        more = f"{found[limit - 1].created} {found[limit - 1].id}" if len(found) > limit else None
        return Page(items, more)

    async def run(self, run: str) -> Document:
        """One run, with its tasks."""

        def read(conn: Connection) -> Document | None:
            row = rows.get(conn, run)
            if row is None:
                return None
            tasks = [asdict(task) for task in rows.tasks(conn, run).values()]
            return _document(row, rows.counts(conn, [run])[run]) | {"tasks": tasks}

        document = await self._engine.store.read(read)
        if document is None:
            raise NotFoundError(f"there is no run {run}; duetmind workflows lists them")
        return document

    async def begin(self, workflow: str) -> Document:
        """Run a workflow that a person asked for."""
        if workflow not in self._engine.loaded.config.workflows:
            raise NotFoundError(f"there is no workflow '{workflow}' in {self._engine.loaded.path}")
        run = self._engine.new_id()
        await self._engine.workflows.begin(workflow, run=run, cause="asked")
        return await self.run(run)

    async def cancel(self, run: str) -> Document:
        """End a run that has not ended."""
        cancelled = await self._engine.workflows.cancel(run)
        document = await self.run(run)
        if not cancelled:
            raise WorkflowError(f"run {run} has ended already: it {document['state']}")
        return document


def _document(row: Row[Any], counts: Mapping[str, int]) -> Document:
    return {
        "id": row.id,
        "workflow": row.workflow,
        "state": row.state,
        "cause": row.cause,
        "created": row.created,
        "finished": row.finished,
        "done": sum(count for state, count in counts.items() if state in ENDED),
        "total": sum(counts.values()),
    }
