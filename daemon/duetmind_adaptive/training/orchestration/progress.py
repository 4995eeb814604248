"""How far a workflow has come: told at each change of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from duetmind_adaptive.training.orchestration.course import State

if TYPE_CHECKING:
    from duetmind_adaptive.events import JobProgressed

#: begins the name under which a workflow has slots, jobs and events, beside those of models; no model's name holds ':'
PREFIX = "workflow:"
#: how a state is said, where it is not "is STATE"
_SAID: dict[str, str] = {
    "failed": "failed",
    "succeeded": "succeeded",
    "upstream_failed": "is given up with a task it needs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A task has changed its state."""

    task_id: str
    state: State
    attempt: int
    #: tasks that have ended, of how many; `done` never goes back
    done: int
    total: int
    #: why a task failed or is tried again, or what it waits for
    message: str = ""

    @property
    def fraction(self) -> float:
        """Share of the tasks that have ended."""
        return self.done / self.total if self.total else 1.0

    def event(self, *, workflow: str, run: str, time: datetime) -> JobProgressed:
        """The same as the event `duetmind.job.progressed`, for a bus or any reader of CloudEvents.

        Parameters
        ----------
        workflow, run
            Its name, and the id of this run.
        time
            When it happened, with a time zone.

        Examples
        --------
        >>> from datetime import UTC
        >>> progress = Progress(task_id="load", state="succeeded", attempt=1, done=1, total=4)
        >>> event = progress.event(workflow="nightly", run="r1", time=datetime(2026, 1, 2, tzinfo=UTC))
        >>> event.data.model, event.data.progress, event.data.message
        ('workflow:nightly', 0.25, 'task load succeeded; 1 of 4 have ended')
        """
        from duetmind_adaptive.event_data import JobData  # noqa: PLC0415 - pydantic takes time that a cold start has not
        from duetmind_adaptive.events import JobProgressed, derive_id, make  # noqa: PLC0415 - as above

        what = f"task {self.task_id} {_SAID.get(self.state, f'is {self.state}')}"
        because = f": {self.message}" if self.message else ""
        state = "running" if self.done < self.total else "ended"
        data = JobData(
            model=f"{PREFIX}{workflow}", job=run, kind="workflow", state=state,
            attempt=max(1, self.attempt), message=f"{what}; {self.done} of {self.total} have ended{because}",
            progress=self.fraction,
        )  # fmt: skip
        same = derive_id(run, self.task_id, self.state, self.attempt)
        return cast("JobProgressed", make(JobProgressed, data, id=same, time=time))


Listener = Callable[[Progress], None]
