"""Tasks that a config file names: functions by their import path, programs by their command line.

Both run in a worker only. A function is found beside the config file or among installed packages, a program is
started in the config file's folder.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.jobs.resources import ResourceRequirement
from duetmind_adaptive.settings.workflows import ResourcesSettings, WorkflowSettings, WorkflowTaskSettings, result_of
from duetmind_adaptive.training.orchestration.task import Output, Task

#: of a program's last words, characters
_TAIL = 500


def tasks_of(workflow: WorkflowSettings, folder: Path, limit: timedelta) -> tuple[Task, ...]:
    """The tasks of a workflow that an orchestrator takes.

    Parameters
    ----------
    workflow
        As written.
    folder
        Of the config file.
    limit
        Timeout of tasks that name none.
    """
    return tuple(_task(name, task, folder, limit) for name, task in workflow.tasks.items())


def required(resources: ResourcesSettings) -> ResourceRequirement:
    """What a task asks the ledger for."""
    return ResourceRequirement(**resources.model_dump())


def call(
    function: str | None, command: tuple[str, ...] | None, folder: Path, args: Iterable[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Do what a task says: call the function with these arguments, or run the command.

    Raises
    ------
    WorkflowError
        When the function is not there, or the program cannot be started or fails.
    """
    if command is not None:
        return run_program(command, folder)
    return _found(function or "", folder)(*args, **kwargs)


def run_program(command: tuple[str, ...], folder: Path) -> str:
    """What the program printed on standard output; its standard error goes where this process's goes.

    Raises
    ------
    WorkflowError
        When it cannot be started, or ends with another exit status than 0.
    """
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - the operator's own command
    except OSError as error:
        raise WorkflowError(f"{command[0]} cannot be started: {error.strerror}.") from error
    said = done.stderr.decode(errors="replace")
    print(said, end="", file=sys.stderr)
    if done.returncode:
        last = " ".join(said.split())[-_TAIL:]
        raise WorkflowError(f"{command[0]} ended with exit status {done.returncode}{': ' + last if last else ''}.")
    return done.stdout.decode(errors="replace").removesuffix("\n")


def _task(name: str, task: WorkflowTaskSettings, folder: Path, limit: timedelta) -> Task:
    args, kwargs = with_outputs(task.args), with_outputs(task.kwargs)
    return Task(
        task_id=name,
        function=partial(call, task.function, task.command, folder),
        args=(args, kwargs),
        dependencies=task.dependencies,
        resources=required(task.resources),
        retries=task.retries,
        timeout=task.timeout or limit,
        priority=task.priority,
    )


def with_outputs(value: Any) -> Any:
    """A copy of the arguments in which each `{result_of: TASK}` is an Output."""
    if (name := result_of(value)) is not None:
        return Output(name)
    if isinstance(value, Mapping):
        return {key: with_outputs(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_outputs(each) for each in value]
    return value


def _found(path: str, folder: Path) -> Any:
    """The function `module:name`."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module, _, name = path.partition(":")
    try:
        value: Any = import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except ModuleNotFoundError as error:
        raise WorkflowError(
            f"{path} cannot be imported: there is no module {error.name}, in {folder} or among installed packages."
        ) from error
    except AttributeError as error:
        raise WorkflowError(f"{path} is not there: module {module} has no {name}.") from error
    if not callable(value):
        raise WorkflowError(f"{path} is no function; name one.")
    return value
