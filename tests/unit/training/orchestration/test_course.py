"""The course of a workflow: everything that can run runs once, in order, and progress never goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.training.orchestration import Output, Task, WorkflowBuilder
from duetmind_adaptive.training.orchestration.course import Course


def task(name: str, *needs: str) -> Task:
    return Task(task_id=name, function=print, dependencies=needs)


@st.composite
def graphs(draw: st.DrawFn) -> list[Task]:
    count = draw(st.integers(1, 12))
    before = [draw(st.sets(st.integers(0, at - 1), max_size=3)) if at else set() for at in range(count)]
    order = draw(st.permutations(range(count)))
    return [task(f"t{at}", *(f"t{each}" for each in before[at])) for at in order]


@given(graphs(), st.data())
def test_each_task_runs_after_what_it_needs_and_what_follows_a_failure_never_does(
    tasks: list[Task], data: st.DataObject
) -> None:
    course, needs = Course(tasks), {each.task_id: each.needs for each in tasks}
    ready, done = list(course.ready()), 0
    while ready:
        name = ready.pop(data.draw(st.integers(0, len(ready) - 1)))
        assert all(course.states[each] == "succeeded" for each in needs[name])
        course.start(name)
        if data.draw(st.booleans()):
            ready += course.succeed(name)
        else:
            course.fail(name)
        assert course.done > done
        done = course.done
    assert course.ended
    for name, before in needs.items():
        lost = any(course.states[each] != "succeeded" for each in before)
        assert (course.states[name] == "upstream_failed") == lost


def test_a_circle_is_refused_and_named() -> None:
    tasks = [task("load"), task("a", "c", "load"), task("b", "a"), task("c", "b"), task("after", "c")]
    with pytest.raises(WorkflowError, match="circle: a → b → c → a; take one"):
        Course(tasks)


def test_a_task_that_needs_itself_is_a_circle() -> None:
    with pytest.raises(WorkflowError, match="circle: a → a;"):
        Course([task("a", "a")])


def test_a_dependency_that_is_not_there_is_named() -> None:
    with pytest.raises(WorkflowError, match="Task fit depends on laod, which is not in the workflow"):
        Course([task("load"), task("fit", "laod")])


def test_ten_thousand_tasks_in_a_chain_are_no_recursion() -> None:
    course = Course([task("0"), *(task(str(at), str(at - 1)) for at in range(1, 10_000))])
    assert len(course.fail("0")) == 9_999


def test_a_builder_gives_what_a_step_returns_to_the_next() -> None:
    builder = WorkflowBuilder()
    rows = builder.add("load", list, "abc")
    builder.add("count", dict, [("rows", rows)], rows=rows)
    load, count = builder.build()
    assert count.needs == ("load",)
    assert load.args == ("abc",)
    with pytest.raises(WorkflowError, match="Two tasks are called load"):
        builder.add("load", list)


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"task_id": ""}, "empty task_id"),
        ({"function": 3}, "function is 3"),
        ({"retries": -1}, "retries is -1"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_a_part_that_is_not_what_it_has_to_be_is_named(part: dict[str, object], sentence: str) -> None:
    with pytest.raises(WorkflowError, match=sentence):
        Task(**{"task_id": "a", "function": print, **part})  # pyright: ignore[reportArgumentType]


def test_outputs_make_dependencies_wherever_they_lie() -> None:
    nested = Task(task_id="a", function=print, args=([Output("x")], {"k": (Output("y"),)}), kwargs={"z": Output("x")})
    assert nested.needs == ("x", "y")
