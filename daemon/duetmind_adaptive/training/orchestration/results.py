"""What a run of a workflow comes to: what each task returned, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.training.orchestration.course import State


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """What became of one task."""

    task_id: str
    state: State
    #: how often it was tried
    attempts: int = 0
    #: of all attempts together
    seconds: float = 0.0
    #: why it did not succeed
    error: str = ""
    #: what a person should know of its grant
    note: str = ""


class WorkflowResults(Mapping[str, Any]):
    """What each task that succeeded returned, by its id; `tasks` tells of all of them.

    Examples
    --------
    >>> outcome = TaskOutcome(task_id="fit", state="failed", error="ValueError: no rows")
    >>> results = WorkflowResults({"load": 7}, {"fit": outcome})
    >>> dict(results), results.ok
    ({'load': 7}, False)
    >>> results["fit"]
    Traceback (most recent call last):
    duetmind_adaptive.errors.WorkflowError: Task fit has no result: it failed: ValueError: no rows
    """

    def __init__(self, values: Mapping[str, Any], tasks: Mapping[str, TaskOutcome]) -> None:
        self._values = values
        #: what became of each task, in the order they were added
        self.tasks = tasks

    @property
    def ok(self) -> bool:
        """Whether every task succeeded."""
        return all(outcome.state == "succeeded" for outcome in self.tasks.values())

    def __getitem__(self, task_id: str) -> Any:
        if task_id in self._values:
            return self._values[task_id]
        outcome = self.tasks.get(task_id)
        if outcome is None:
            raise KeyError(task_id)
        what = outcome.state.replace("_", " ")
        said = f"it {what}" if outcome.state == "failed" else f"it is {what}"
        raise WorkflowError(f"Task {task_id} has no result: {said}{f': {outcome.error}' if outcome.error else ''}")

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        states = ", ".join(f"{name}: {outcome.state}" for name, outcome in self.tasks.items())
        return f"WorkflowResults({states})"
