"""Workflows on real worker processes, whatever their tasks do."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import worker_tasks

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.training.orchestration import (
    Capacity,
    Output,
    Progress,
    ResourceRequirement,
    WorkflowOrchestrator,
    WorkflowResults,
    create_orchestrator,
)

LITTLE = ResourceRequirement(cpu_cores=0.5, memory_gb=0.5)


def add(first: int, second: int = 0) -> int:
    return first + second


def count_and_fail(folder: str, until: int) -> int:
    tries = len(list(Path(folder).iterdir()))
    (Path(folder) / f"{tries}-{os.getpid()}").touch()
    if tries < until:
        raise ValueError(f"try {tries}")
    return tries


def shown_gpus() -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def fill(size: int) -> bytes:
    return b"x" * size


class Unsendable:
    """Cannot be pickled."""

    def __reduce__(self) -> Any:
        raise TypeError("not for sale")


def an_orchestrator(**options: Any) -> WorkflowOrchestrator:
    return create_orchestrator(**{"capacity": Capacity(cpu_cores=2, memory_gb=4), "seed": 1, **options})


def run_one(function: Any, *args: Any, **options: Any) -> WorkflowResults:
    orchestrator = an_orchestrator()
    orchestrator.add_task("it", function, args, **options)
    orchestrator.add_task("after", add, (1,), dependencies=["it"])
    orchestrator.add_task("beside", add, (2,))
    results = orchestrator.run_workflow()
    assert results["beside"] == 2, "what does not depend on it goes on"
    return results


def test_the_guides_example_runs_on_all_cores_there_are_and_says_so() -> None:
    orchestrator = create_orchestrator()
    task_id = orchestrator.add_task(
        task_id="train_model", function=add, args=(1, 2), resources=ResourceRequirement(cpu_cores=400, memory_gb=0.5)
    )
    results = orchestrator.run_workflow()
    assert results[task_id] == 3
    assert "400 cores were asked for; it runs on all" in results.tasks[task_id].note


def test_a_result_is_an_argument_of_the_next_and_lambdas_and_closures_travel() -> None:
    orchestrator, three = an_orchestrator(), 3
    orchestrator.add_task("load", lambda: [1, 2, three])
    orchestrator.add_task("total", lambda rows, more: sum(rows) + more["k"], (Output("load"), {"k": Output("one")}))
    orchestrator.add_task("one", add, (1,))
    assert orchestrator.run_workflow()["total"] == 7


def test_what_is_tried_again_succeeds_in_the_end(tmp_path: Path) -> None:
    results = run_one(count_and_fail, str(tmp_path), 2, retries=2)
    assert results["it"] == 2
    assert results.tasks["it"].attempts == 3


def test_a_task_that_keeps_failing_stops_only_what_needs_it(tmp_path: Path) -> None:
    results = run_one(count_and_fail, str(tmp_path), 9, retries=1)
    assert not results.ok
    assert results.tasks["it"].attempts == 2
    assert results.tasks["after"].state == "upstream_failed"
    with pytest.raises(WorkflowError, match="Task it has no result: it failed: ValueError: try 1"):
        results["it"]


@pytest.mark.parametrize(
    ("function", "args", "sentence"),
    [
        (worker_tasks.leave, (3,), "ended with exit status 3"),
        (os._exit, (4,), "ended with exit status 4"),
        (worker_tasks.segfault, (), "was killed by SIGSEGV"),
        (Unsendable, (), "The result, a Unsendable, cannot be sent back: not for sale"),
        (add, (Unsendable(),), "Task it cannot be sent to a worker: not for sale"),
    ],
    ids=["exit", "os._exit", "segfault", "unsendable result", "unsendable argument"],
)
def test_whatever_a_task_does_is_its_own_outcome(function: Any, args: tuple[Any, ...], sentence: str) -> None:
    assert sentence in run_one(function, *args).tasks["it"].error


def test_a_task_over_its_time_is_killed_with_all_it_started(tmp_path: Path) -> None:
    results = run_one(worker_tasks.nap, 60.0, timeout=0.5)
    assert "ran longer than its limit of 0.5 s and was killed" in results.tasks["it"].error


def test_a_task_over_its_memory_is_killed_tried_once_with_twice_as_much_and_given_up() -> None:
    told = list[Progress]()
    orchestrator = an_orchestrator(progress=told.append)
    orchestrator.add_task(
        "greedy", worker_tasks.hold, (1024,), resources=ResourceRequirement(cpu_cores=1, memory_gb=0.25)
    )
    orchestrator.add_task("sibling", add, (1,), resources=LITTLE)
    results = orchestrator.run_workflow()
    assert results["sibling"] == 1
    assert results.tasks["greedy"].attempts == 2
    assert "GB and asked for 0.5: it was killed" in results.tasks["greedy"].error


def test_what_can_never_be_had_fails_when_its_turn_comes_and_says_what_there_is() -> None:
    results = run_one(add, 1, resources=ResourceRequirement(memory_gb=400))
    assert results.tasks["it"].error == "400 GB of memory are asked for and 4 GB of memory are there; ask for less."


def test_gpus_are_shown_by_index_and_nothing_sees_another_ones() -> None:
    orchestrator = an_orchestrator(capacity=Capacity(cpu_cores=2, memory_gb=4, gpus=(3, 7)))
    for name in ("a", "b"):
        orchestrator.add_task(name, shown_gpus, resources=ResourceRequirement(0.5, 0.5, gpu_count=1))
    orchestrator.add_task("none", shown_gpus, dependencies=["a", "b"])
    results = orchestrator.run_workflow()
    assert {results["a"], results["b"]} <= {"3", "7"}
    assert results["none"] == ""


def test_a_large_result_comes_whole() -> None:
    orchestrator = an_orchestrator()
    orchestrator.add_task("big", fill, (200_000_000,), resources=ResourceRequirement(1, 2.0))
    orchestrator.add_task("size", len, (Output("big"),), resources=ResourceRequirement(1, 2.0))
    assert orchestrator.run_workflow()["size"] == 200_000_000


def test_progress_is_told_at_each_change_and_never_goes_back(tmp_path: Path) -> None:
    told = list[Progress]()
    orchestrator = an_orchestrator(progress=told.append)
    orchestrator.add_task("flaky", count_and_fail, (str(tmp_path), 1), retries=1)
    orchestrator.add_task("after", add, (Output("flaky"),))
    orchestrator.run_workflow()
    done = [each.done for each in told]
    assert done == sorted(done)
    states = [(each.task_id, each.state) for each in told]
    assert states == [
        ("flaky", "running"), ("flaky", "ready"), ("flaky", "running"), ("flaky", "succeeded"),
        ("after", "running"), ("after", "succeeded"),
    ]  # fmt: skip
    assert told[-1].fraction == 1.0


async def test_a_stream_yields_each_change_and_the_results_last() -> None:
    orchestrator = an_orchestrator()
    orchestrator.add_task("a", add, (1,))
    seen = [each async for each in orchestrator.stream()]
    assert [each.state for each in seen if isinstance(each, Progress)] == ["running", "succeeded"]
    assert isinstance(seen[-1], WorkflowResults)
    assert seen[-1]["a"] == 1


async def test_under_a_running_loop_a_workflow_runs_in_a_loop_of_its_own() -> None:
    orchestrator = an_orchestrator()
    orchestrator.add_task("a", add, (1,))
    assert orchestrator.run_workflow()["a"] == 1
    assert (await orchestrator.run_workflow_async())["a"] == 1


def test_a_cancel_ends_everything_with_its_processes() -> None:
    orchestrator = an_orchestrator(progress=lambda progress: started.set() if progress.state == "running" else None)
    started = threading.Event()
    orchestrator.add_task("long", worker_tasks.nap, (60.0,))
    orchestrator.add_task("after", add, (1,), dependencies=["long"])
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    threading.Thread(target=lambda: (started.wait(30), time.sleep(0.5), orchestrator.cancel())).start()
    results = orchestrator.run_workflow()
    assert {outcome.state for outcome in results.tasks.values()} == {"cancelled"}
    left = {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert not [pid for pid in left if "duetmind-worker" in " ".join(psutil.Process(pid).cmdline())]


async def test_a_cancelled_caller_leaves_no_process() -> None:
    orchestrator = an_orchestrator()
    orchestrator.add_task("long", worker_tasks.nap, (60.0,))
    run = asyncio.create_task(orchestrator.run_workflow_async())
    await asyncio.sleep(1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run


def test_a_script_without_a_guard_is_not_run_again_by_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from duetmind_adaptive.training.orchestration import create_orchestrator\n"
        "print('once')\n"
        "class Mine:\n    value = 5\n"
        "def make():\n    return Mine()\n"
        "orchestrator = create_orchestrator()\n"
        "orchestrator.add_task('make', make)\n"
        "print(orchestrator.run_workflow()['make'].value)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "once\n5\n", done.stderr


def test_ray_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"duetmind-adaptive\[ray\]"):
        create_orchestrator(use_ray=True)
