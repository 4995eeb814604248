"""How far a workflow has come: told at each change of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from duetmind_adaptive.training.orchestration.course import State


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


Listener = Callable[[Progress], None]
