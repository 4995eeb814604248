"""What a task is: a function, what it is called with, what has to be done before, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.jobs.resources import ResourceRequirement


@dataclass(frozen=True, slots=True)
class Output:
    """Stands for what another task returns, among the arguments of one that comes after it.

    It may lie inside lists, tuples and dictionaries, and makes the task depend on the other.
    """

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step of a workflow.

    Parameters
    ----------
    task_id
        Its name in the workflow.
    function
        Any function that can be sent to another process, lambdas and those of a notebook or script included.
    args, kwargs
        What it is called with; `Output` among them is replaced by what the other task returned.
    dependencies
        Tasks that must have succeeded first, besides those whose outputs it takes.
    resources
        What it holds while it runs.
    retries
        How often it is tried again when it fails.
    timeout
        Longest that one attempt may run; in seconds or as a timedelta.
    priority
        Those of a higher one go first.

    Raises
    ------
    WorkflowError
        When a part is not what it has to be.

    Examples
    --------
    >>> task = Task(task_id="fit", function=max, args=(Output("load"), 3), dependencies=("check",))
    >>> task.needs
    ('check', 'load')
    >>> filled(task.args, {"load": 7})
    (7, 3)
    """

    task_id: str
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    resources: ResourceRequirement = field(default_factory=ResourceRequirement)
    retries: int = 0
    timeout: timedelta | float | None = None
    priority: int = 0

    def __post_init__(self) -> None:
        if not self.task_id:
            raise WorkflowError("A task has an empty task_id; give it a name.")
        if not callable(self.function):
            raise WorkflowError(f"Task {self.task_id}: function is {self.function!r}; give a function.")
        if self.retries < 0:
            raise WorkflowError(f"Task {self.task_id}: retries is {self.retries}; give 0 or more.")
        if self.limit is not None and self.limit <= timedelta(0):
            raise WorkflowError(f"Task {self.task_id}: timeout is {self.timeout}; give seconds above 0, or None.")

    @property
    def limit(self) -> timedelta | None:
        """The timeout as a duration."""
        return timedelta(seconds=self.timeout) if isinstance(self.timeout, int | float) else self.timeout

    @property
    def needs(self) -> tuple[str, ...]:
        """Everything that has to have succeeded before it, each once."""
        taken = (output.task_id for output in outputs((self.args, self.kwargs)))
        return tuple(dict.fromkeys((*self.dependencies, *taken)))


def outputs(value: Any) -> Iterator[Output]:
    """Every Output in a nest of tuples, lists and dictionaries."""
    if isinstance(value, Output):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from outputs(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from outputs(each)


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A copy of the nest in which outputs are values; what holds none is left as it is, whatever its class."""
    if isinstance(value, Output):
        return values[value.task_id]
    if not any(outputs(value)):
        return value
    if isinstance(value, Mapping):
        return {key: filled(each, values) for key, each in value.items()}
    return type(value)(filled(each, values) for each in value)
