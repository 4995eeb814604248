"""The course of a workflow: which task may start when, decided from what has ended so far. Pure.

Reference
---------
A. B. Kahn, "Topological sorting of large networks", Communications of the ACM 5 (1962), 558-562.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

from duetmind_adaptive.errors import WorkflowError

State = Literal["waiting", "ready", "running", "succeeded", "failed", "upstream_failed", "cancelled"]

#: states that nothing changes any more
ENDED: frozenset[State] = frozenset({"succeeded", "failed", "upstream_failed", "cancelled"})


class Step(Protocol):
    """What is to be known of a task: its name, and what must have succeeded before it."""

    @property
    def task_id(self) -> str:
        """Its name in the workflow."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Each once."""
        ...


class Course:
    """Where each task of one run stands.

    Parameters
    ----------
    tasks
        In the order in which they start where nothing else decides it.
    states
        Where they stood when this was last left; default: at the beginning.

    Raises
    ------
    WorkflowError
        When a dependency is not in the workflow, or tasks wait for each other in a circle.

    Examples
    --------
    >>> from duetmind_adaptive.training.orchestration.task import Task
    >>> steps = {"load": (), "fit": ("load",), "report": ("fit",)}
    >>> course = Course([Task(task_id=name, function=print, dependencies=needs) for name, needs in steps.items()])
    >>> course.ready()
    ('load',)
    >>> course.succeed("load"), course.fail("fit")
    (('fit',), ('report',))
    >>> course.states["report"], course.ended
    ('upstream_failed', True)
    """

    def __init__(self, tasks: Iterable[Step], states: Mapping[str, State] | None = None) -> None:
        needs = {task.task_id: task.needs for task in tasks}
        _all_known(needs)
        self._followers: dict[str, list[str]] = {name: [] for name in needs}
        for name, before in needs.items():
            for each in before:
                self._followers[each].append(name)
        self._missing = {name: len(before) for name, before in needs.items()}
        _no_circle(needs, self._followers)
        self.states: dict[str, State] = {name: "waiting" if before else "ready" for name, before in needs.items()}
        #: tasks that have ended; it never goes back
        self.done = 0
        self._resume(states or {})

    def ready(self) -> tuple[str, ...]:
        """Those that may start now, in the order they were added."""
        return tuple(name for name, state in self.states.items() if state == "ready")

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == len(self.states)

    def start(self, name: str) -> None:
        """It runs."""
        self.states[name] = "running"

    def succeed(self, name: str) -> tuple[str, ...]:
        """It has its result; answers with what may start by that."""
        self._end(name, "succeeded")
        freed = list[str]()
        for follower in self._followers[name]:
            self._missing[follower] -= 1
            if not self._missing[follower] and self.states[follower] == "waiting":
                self.states[follower] = "ready"
                freed.append(follower)
        return tuple(freed)

    def fail(self, name: str) -> tuple[str, ...]:
        """It has failed for good; answers with everything after it, which will never run."""
        self._end(name, "failed")
        return self._give_up_after(name)

    def cancel(self) -> tuple[str, ...]:
        """Nothing more is to be done; answers with all that had not ended."""
        left = tuple(name for name, state in self.states.items() if state not in ENDED)
        for name in left:
            self._end(name, "cancelled")
        return left

    def _resume(self, states: Mapping[str, State]) -> None:
        self.states.update(states)
        self.done = sum(state in ENDED for state in self.states.values())
        for name, state in self.states.items():
            for follower in self._followers[name] if state == "succeeded" else ():
                self._missing[follower] -= 1

    def _give_up_after(self, name: str) -> tuple[str, ...]:
        lost, line = list[str](), [name]
        while line:
            for follower in self._followers[line.pop()]:
                if self.states[follower] not in ENDED:
                    self._end(follower, "upstream_failed")
                    lost.append(follower)
                    line.append(follower)
        return tuple(lost)

    def _end(self, name: str, state: State) -> None:
        self.states[name] = state
        self.done += 1


def _all_known(needs: Mapping[str, tuple[str, ...]]) -> None:
    for name, before in needs.items():
        for each in before:
            if each not in needs:
                raise WorkflowError(
                    f"Task {name} depends on {each}, which is not in the workflow; add it or correct it."
                )


def _no_circle(needs: Mapping[str, tuple[str, ...]], followers: Mapping[str, list[str]]) -> None:
    missing = {name: len(before) for name, before in needs.items()}
    line = [name for name, count in missing.items() if not count]
    while line:
        for follower in followers[line.pop()]:
            missing[follower] -= 1
            if not missing[follower]:
                line.append(follower)
    stuck = {name for name, count in missing.items() if count}
    if stuck:
        circle = " → ".join(_circle(needs, stuck))
        raise WorkflowError(f"Tasks wait for each other in a circle: {circle}; take one of these dependencies away.")


def _circle(needs: Mapping[str, tuple[str, ...]], stuck: set[str]) -> list[str]:
    """One circle among tasks each of which waits for another of them, in the order in which they would run."""
    path, name = list[str](), min(stuck)
    while name not in path:
        path.append(name)
        name = next(before for before in needs[name] if before in stuck)
    around = path[path.index(name) :]
    return [name, *reversed(around)]
