"""Workflows as the operator writes them: tasks that depend on one another, and when they run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.settings.types import Interval, Section

#: `{result_of: TASK}` among the arguments stands for what that task returns
RESULT_OF = "result_of"
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def _function(value: str) -> str:
    if not _FUNCTION.fullmatch(value):
        raise ValueError("a function such as package.module:function")
    return value


class ResourcesSettings(Section):
    """What a task holds while it runs."""

    cpu_cores: float = Field(default=1.0, gt=0, description="cores; more than there are is all there are")
    memory_gb: float = Field(
        default=1.0, gt=0, description="a task that holds a tenth more is killed and tried with twice it"
    )
    gpu_count: int = Field(default=0, ge=0, description="GPUs, each its own")


class WorkflowTaskSettings(Section):
    """One task: exactly one of `function` and `command`."""

    function: Annotated[str, AfterValidator(_function)] | None = Field(
        default=None, description="package.module:function, found beside the config file or among installed packages"
    )
    args: tuple[Any, ...] = Field(default=(), description="its arguments; {result_of: TASK} is a task's result")
    kwargs: dict[str, Any] = Field(default_factory=dict[str, Any], description="the same by name")
    command: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="a program and its arguments, started in the config file's folder"
    )
    dependencies: tuple[str, ...] = Field(default=(), description="tasks that must have succeeded before")
    resources: ResourcesSettings = Field(default_factory=ResourcesSettings, description="what it holds while it runs")
    retries: int = Field(default=0, ge=0, description="how often it is tried again when it fails")
    timeout: Interval | None = Field(default=None, description="default: orchestration.job_timeout")
    priority: int = Field(default=0, description="tasks of a higher one go first")

    @model_validator(mode="after")
    def _one_of(self) -> WorkflowTaskSettings:
        if (self.function is None) == (self.command is None):
            raise ValueError("give exactly one of function and command")
        if self.command is not None and (self.args or self.kwargs):
            raise ValueError("args and kwargs are of a function; write a command's into the command")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """Everything that has to have succeeded before it, each once."""
        return tuple(dict.fromkeys((*self.dependencies, *taken((self.args, self.kwargs)))))


class WorkflowSettings(Section):
    """A workflow.

    Examples
    --------
    >>> load = {"function": "steps:load"}
    >>> fit = {"function": "steps:fit", "args": [{"result_of": "load"}]}
    >>> workflow = WorkflowSettings.model_validate({"tasks": {"load": load, "fit": fit}})
    >>> {name: task.needs for name, task in workflow.tasks.items()}
    {'load': (), 'fit': ('load',)}
    """

    schedule: ScheduleSettings | None = Field(default=None, description="when it runs; default: only when asked for")
    tasks: dict[str, WorkflowTaskSettings] = Field(min_length=1, description="the tasks, by name")


def taken(value: object) -> Iterator[str]:
    """The tasks whose results a nest of arguments takes.

    >>> list(taken(([{"result_of": "load"}], {"rows": 5})))
    ['load']
    """
    if isinstance(value, Mapping):
        if (task := result_of(value)) is not None:
            yield task
        else:
            for each in value.values():
                yield from taken(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from taken(each)


def result_of(value: object) -> str | None:
    """The task that `{result_of: TASK}` names; None for any other value."""
    if isinstance(value, Mapping) and tuple(value) == (RESULT_OF,) and isinstance(value[RESULT_OF], str):
        return value[RESULT_OF]
    return None
