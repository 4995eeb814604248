"""Results that outlive the process: a killed workflow goes on, and nothing foreign is unpacked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.training.orchestration import Capacity, Output, ResourceRequirement, create_orchestrator
from duetmind_adaptive.training.orchestration.kept import KEY, SUFFIX, KeptResults, fingerprint

WORK = fingerprint(b"f", b"a", [])
SCRIPT = """
import sys, time
from pathlib import Path
from duetmind_adaptive.training.orchestration import Output, create_orchestrator
marks = Path(sys.argv[1])
def step(name, seconds, *before):
    with (marks / name).open("a") as file:
        file.write("ran\\n")
    time.sleep(seconds)
    return name
orchestrator = create_orchestrator(folder=sys.argv[2])
orchestrator.add_task("first", step, ("first", 0))
orchestrator.add_task("second", step, ("second", 0, Output("first")))
orchestrator.add_task("third", step, ("third", float(sys.argv[3]), Output("second")))
results = orchestrator.run_workflow()
print(results["third"], results.tasks["first"].note)
"""


def ran(marks: Path, name: str) -> int:
    return (marks / name).read_text().count("ran") if (marks / name).exists() else 0


def times(first: int, second: int) -> int:
    return first * second


def test_after_sigkill_finished_tasks_are_not_run_again_and_their_results_are_there(tmp_path: Path) -> None:
    marks, kept, script = tmp_path / "marks", tmp_path / "kept", tmp_path / "flow.py"
    marks.mkdir()
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(marks), str(kept)]
    with subprocess.Popen([*command, "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        deadline = time.monotonic() + 60
        while not ran(marks, "third") and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(killed.pid, signal.SIGKILL)
    done = subprocess.run([*command, "0"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "third taken up from an earlier run\n", done.stderr
    assert [ran(marks, name) for name in ("first", "second", "third")] == [1, 1, 2]


def test_what_changed_runs_again_with_all_that_follows_from_it(tmp_path: Path) -> None:
    def run(factor: int) -> tuple[int, list[str]]:
        orchestrator = create_orchestrator(folder=tmp_path, capacity=Capacity(cpu_cores=2, memory_gb=4))
        small = ResourceRequirement(cpu_cores=0.5, memory_gb=0.5)
        orchestrator.add_task("same", times, (2, 3), resources=small)
        orchestrator.add_task("changed", times, (2, factor), resources=small)
        orchestrator.add_task("both", times, (Output("same"), Output("changed")), resources=small)
        results = orchestrator.run_workflow()
        return results["both"], [name for name, outcome in results.tasks.items() if outcome.note]

    assert run(5) == (60, [])
    assert run(5) == (60, ["same", "changed", "both"])
    assert run(7) == (84, ["same"])


def test_a_result_that_somebody_else_wrote_or_that_is_torn_is_not_taken_up(tmp_path: Path) -> None:
    kept = KeptResults(tmp_path)
    kept.save("a", WORK, b"result")
    assert kept.load("a", WORK) == b"result"
    assert kept.load("a", fingerprint(b"g", b"a", [])) is None
    assert kept.load("b", WORK) is None
    (path,) = tmp_path.glob(f"*{SUFFIX}")
    content = path.read_bytes()
    for forged in (content[:-1], content[:40], b"", content[:-6] + b"RESULT", bytes(64) + b"result"):
        path.write_bytes(forged)
        assert kept.load("a", WORK) is None
    kept.close()


def test_the_key_is_its_owner_s_and_survives(tmp_path: Path) -> None:
    first = KeptResults(tmp_path)
    first.save("a", WORK, b"result")
    first.close()
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0
    again = KeptResults(tmp_path)
    assert again.load("a", WORK) == b"result"
    again.close()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    first = KeptResults(tmp_path)
    with pytest.raises(WorkflowError, match="is used by another run"):
        KeptResults(tmp_path)
    first.close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkflowError, match="cannot keep results"):
        KeptResults(tmp_path / "file" / "folder")
