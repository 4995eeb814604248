"""What the shape of a workflow alone cannot say: whether its tasks can run one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from duetmind_adaptive.settings.model_checks import check_name, check_schedule
from duetmind_adaptive.settings.problems import Problem, found
from duetmind_adaptive.settings.workflows import WorkflowSettings


def check_workflow(name: str, workflow: WorkflowSettings) -> Iterator[Problem]:
    """Every problem of one workflow, where it stands."""
    path = ("workflows", name)
    yield from check_name(path, name, "a workflow's")
    for task in workflow.tasks:
        yield from check_name((*path, "tasks", task), task, "a task's")
    if workflow.schedule is not None:
        for problem in check_schedule(workflow.schedule):
            yield Problem(path=(*path, "schedule", *problem.path), text=problem.text)
    missing = list(_missing(name, workflow))
    yield from missing or _circle(name, workflow)


def _missing(name: str, workflow: WorkflowSettings) -> Iterator[Problem]:
    for task, settings in workflow.tasks.items():
        for before in settings.needs:
            if before not in workflow.tasks:
                key = "dependencies" if before in settings.dependencies else "args" if settings.args else "kwargs"
                others = [each for each in workflow.tasks if each != task]
                text = found(before, others, near=others)
                yield Problem(path=("workflows", name, "tasks", task, key), text=text)


def _circle(name: str, workflow: WorkflowSettings) -> Iterator[Problem]:
    try:
        TopologicalSorter({task: settings.needs for task, settings in workflow.tasks.items()}).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        text = f"tasks wait for each other in a circle: {circle}; take one of these dependencies away"
        yield Problem(path=("workflows", name, "tasks"), text=text)
