"""Writes a workflow down step by step, each step called once with what the one before returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.jobs.resources import ResourceRequirement
from duetmind_adaptive.training.orchestration.course import Course
from duetmind_adaptive.training.orchestration.task import Output, Task


class WorkflowBuilder:
    """Collects tasks; `build` checks them and gives the list that an orchestrator takes.

    Examples
    --------
    >>> builder = WorkflowBuilder("nightly")
    >>> load = builder.add("load", range, 5)
    >>> _ = builder.add("total", sum, load)
    >>> [task.needs for task in builder.build()]
    [(), ('load',)]
    """

    def __init__(self, name: str = "workflow") -> None:
        self.name = name
        self._tasks: dict[str, Task] = {}

    def add(self, task_id: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Output:
        """Add a call; the answer stands for its result among the arguments of later ones."""
        self.add_task(task_id, function, args=args, kwargs=kwargs)
        return Output(task_id)

    def add_task(  # noqa: PLR0917 - the guide's order of arguments
        self,
        task_id: str,
        function: Callable[..., Any],
        args: Iterable[Any] = (),
        kwargs: dict[str, Any] | None = None,
        dependencies: Iterable[str] = (),
        resources: ResourceRequirement | None = None,
        retries: int = 0,
        timeout: timedelta | float | None = None,
        priority: int = 0,
    ) -> str:
        """Add a task; see `Task`. `Output(task_id)` among the arguments stands for a task's result.

        Raises
        ------
        WorkflowError
            When there is a task of this name already, or a part is not what it has to be.
        """
        self._add(
            Task(
                task_id=task_id,
                function=function,
                args=tuple(args),
                kwargs=kwargs or {},
                dependencies=tuple(dependencies),
                resources=resources or ResourceRequirement(),
                retries=retries,
                timeout=timeout,
                priority=priority,
            )
        )
        return task_id

    def add_workflow(self, tasks: Iterable[Task]) -> None:
        """Add tasks that were written down elsewhere.

        Raises
        ------
        WorkflowError
            When there is a task of such a name already.
        """
        for task in tasks:
            self._add(task)

    def build(self) -> tuple[Task, ...]:
        """The tasks, in the order they were added.

        Raises
        ------
        WorkflowError
            When a dependency is missing, or tasks wait for each other in a circle.
        """
        tasks = tuple(self._tasks.values())
        Course(tasks)
        return tasks

    def _add(self, task: Task) -> None:
        if task.task_id in self._tasks:
            raise WorkflowError(f"Two tasks are called {task.task_id}; give each its own task_id.")
        self._tasks[task.task_id] = task
