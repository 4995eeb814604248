"""What may be done about workflows: run one by the schedule or because a person asks, cancel a run."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from duetmind_adaptive.contracts import Clock, Store, Transaction
from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.service.workflows import course
from duetmind_adaptive.service.workflows.kind import results_folder
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.store import workflows as rows

log = get_logger(__name__)

#: runs of a workflow whose results are kept
KEEP = 10


class WorkflowOperations:
    """Begins and ends runs; what happens in between is `course`'s."""

    def __init__(
        self,
        store: Store,
        machine_clock: Clock,
        loaded: Callable[[], Loaded],
        *,
        wake_jobs: Callable[[], None],
        cancel_job: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._clock = machine_clock
        self._loaded = loaded
        self._wake_jobs = wake_jobs
        self._cancel_job = cancel_job

    async def run_slot(self, name: str, slot: datetime) -> str:
        """Begin the run of a slot; says why not where the one before has not ended."""
        run = derive_id("workflow", name, slot.isoformat())
        try:
            await self.begin(name, run=run, cause="schedule")
        except WorkflowError as error:
            return str(error)
        return f"run {run}"

    async def begin(self, name: str, *, run: str, cause: str) -> None:
        """Begin a run; a second call with the same id does nothing.

        Raises
        ------
        WorkflowError
            When there is no such workflow in the config, or one of its runs has not ended.
        """
        workflow = self._loaded().config.workflows.get(name)
        if workflow is None:
            raise WorkflowError(f"There is no workflow {name} in the config.")

        def change(tx: Transaction) -> str | None:
            now = self._clock.now()
            if course.begin(tx, run=run, name=name, workflow=workflow, cause=cause, now=now):
                tx.after_commit(self._wake_jobs)
                return None
            return None if rows.get(tx.connection, run) else rows.open_run(tx.connection, name)

        if going_on := await self._store.write(change):
            raise WorkflowError(f"Run {going_on} of workflow {name} has not ended; cancel it, or wait for it.")
        log.info("workflow.began", workflow=name, run=run, cause=cause)
        await self.sweep(name)

    async def cancel(self, run: str) -> bool:
        """End a run and what it runs, with all their processes; False if it had ended before."""
        jobs = await self._store.write(lambda tx: course.cancel(tx, run, self._clock.now()))
        if jobs is None:
            return False
        await asyncio.gather(*map(self._cancel_job, jobs))
        log.info("workflow.cancelled", run=run)
        return True

    async def sweep(self, name: str) -> None:
        """Delete the results of all but the newest runs."""
        keep = await self._store.read(lambda conn: rows.newest(conn, name, KEEP))
        folder = results_folder(self._loaded().state, name)
        await asyncio.to_thread(_delete_others, folder, frozenset(keep))


def _delete_others(folder: Path, keep: frozenset[str]) -> None:
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.name not in keep:
            shutil.rmtree(each, ignore_errors=True)
