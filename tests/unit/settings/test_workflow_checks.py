"""Workflows of a config can run, or one line says what to change."""

from collections.abc import Callable

import pytest

Problems = Callable[..., tuple[str, ...]]

HEAD = "workflows:\n  nightly:\n    tasks:\n"


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ("      a: {}", "workflows.nightly.tasks.a"),
        ("      a: {function: steps}", "found 'steps', allowed: a function such as package.module:function"),
        ("      a: {function: 's:f', command: [ls]}", "exactly one of function and command"),
        ("      a: {command: [ls], args: [1]}", "args and kwargs are of a function"),
        ("      a: {function: 's:f', retries: -1}", "workflows.nightly.tasks.a.retries"),
        ("      'a b': {function: 's:f'}", "tasks.a b: a task's name becomes a folder"),
        ("      load: {function: 's:f'}\n      fit: {function: 's:f', dependencies: [laod]}",
         "tasks.fit.dependencies: found 'laod', allowed: load; did you mean load?"),
        ("      fit: {function: 's:f', kwargs: {rows: {result_of: load}}}",
         "tasks.fit.kwargs: found 'load', allowed: none"),
        ("      a: {function: 's:f', dependencies: [b]}\n      b: {function: 's:f', args: [{result_of: a}]}",
         "workflows.nightly.tasks: tasks wait for each other in a circle: "),
    ],
)  # fmt: skip
def test_a_workflow_that_cannot_run_is_refused_with_one_line(problems: Problems, tasks: str, said: str) -> None:
    (line,) = problems(HEAD + tasks + "\n")
    assert said in line


def test_a_schedule_that_never_comes_due_is_refused(problems: Problems) -> None:
    text = "workflows:\n  nightly:\n    schedule: {cron: '0 0 31 2 *'}\n    tasks:\n      a: {command: [ls]}\n"
    (line,) = problems(text)
    assert "workflows.nightly.schedule.cron" in line


def test_a_workflow_without_tasks_is_refused(problems: Problems) -> None:
    (line,) = problems("workflows:\n  nightly: {tasks: {}}\n")
    assert "workflows.nightly.tasks" in line
