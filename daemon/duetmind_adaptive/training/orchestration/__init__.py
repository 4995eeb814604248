"""Workflows of tasks that depend on one another, run in worker processes under a ledger of the machine's resources."""

from __future__ import annotations

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
