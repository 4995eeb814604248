"""Workflows of tasks that depend on one another, run in worker processes under a ledger of the machine's resources.

Each name is imported when it is asked for: the daemon needs some of the parts and not the orchestrator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetmind_adaptive.errors import ResourceError, WorkflowError
    from duetmind_adaptive.jobs.resources import Capacity, ResourceRequirement
    from duetmind_adaptive.training.orchestration.builder import WorkflowBuilder
    from duetmind_adaptive.training.orchestration.orchestrator import WorkflowOrchestrator, create_orchestrator
    from duetmind_adaptive.training.orchestration.progress import Progress
    from duetmind_adaptive.training.orchestration.results import TaskOutcome, WorkflowResults
    from duetmind_adaptive.training.orchestration.task import Output, Task

__all__ = [
    "Capacity",
    "Output",
    "Progress",
    "ResourceError",
    "ResourceRequirement",
    "Task",
    "TaskOutcome",
    "WorkflowBuilder",
    "WorkflowError",
    "WorkflowOrchestrator",
    "WorkflowResults",
    "create_orchestrator",
]

_HERE = __name__
_HOMES = {
    "duetmind_adaptive.errors": ("ResourceError", "WorkflowError"),
    "duetmind_adaptive.jobs.resources": ("Capacity", "ResourceRequirement"),
    f"{_HERE}.builder": ("WorkflowBuilder",),
    f"{_HERE}.orchestrator": ("WorkflowOrchestrator", "create_orchestrator"),
    f"{_HERE}.progress": ("Progress",),
    f"{_HERE}.results": ("TaskOutcome", "WorkflowResults"),
    f"{_HERE}.task": ("Output", "Task"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {_HERE} has no attribute {name}")
