"""A system as a process: killed in the middle, taken up by another, and its folder handed to the daemon."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from live_daemon import PATIENCE, LiveDaemon, wait_for

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.cli.demo.daemon import free_port
from duetmind_adaptive.errors import StoreBusyError
from duetmind_adaptive.training.automation_system import create_automation_system, setup_complete_system

#: of the search: long enough to be killed in, and it ends by its number of trials
SEARCH = {"automl": {"n_trials": 12, "timeout": 120, "cv_folds": 3}}

SCRIPT = """
import pandas as pd
from duetmind_adaptive.training.automation_system import setup_complete_system
if __name__ == "__main__":
    reference = pd.read_csv("data.csv").drop(columns="ill")
    config = {"automl": {"n_trials": 12, "timeout": 120, "cv_folds": 3}}
    system = setup_complete_system(reference, {"accuracy": 0.8}, "auto", config=config)
    workflow = system.create_automated_training_workflow("data.csv", "ill")
    print(workflow, flush=True)
    results = system.run_workflow(workflow, progress=lambda each: print(each.task_id, each.state, flush=True))
    print("version", results["version"], results["serves"], flush=True)
"""

DEMO = Path(__file__).parents[2] / "examples" / "demo_automation_scalability.py"

FIRST = ("load", "validate", "split", "preprocess")


def frame(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.normal(size=(count, 4)), columns=list("abcd"))
    return rows.assign(ill=(rows["a"] + 0.5 * rng.normal(size=count) > 0).astype(int))


def started(folder: Path, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The script as a process, its data beside it."""
    if not (folder / "data.csv").exists():
        frame(1500, 0).to_csv(folder / "data.csv", index=False)
    (folder / "script.py").write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, "script.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(environ or {})},
    )  # fmt: skip


def lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """What it prints up to a line."""
    said = list[str]()
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.strip())
        if said[-1] == last:
            return said
    raise AssertionError(f"{last!r} was not said: {said} {process.stderr.read() if process.stderr else ''}")


def test_a_system_that_is_killed_in_a_search_goes_on_in_it(tmp_path: Path) -> None:
    study = tmp_path / "auto" / "training" / "training-0001" / "search.study"
    with started(tmp_path) as process:
        try:
            lines_until(process, "automl running")
            wait_for(lambda: study.exists() and len(study.read_bytes().splitlines()) >= 2, "two trials", 2 * PATIENCE)
            with pytest.raises(StoreBusyError, match=f"pid {process.pid}"):
                create_automation_system(tmp_path / "auto")
        finally:
            process.send_signal(signal.SIGKILL)
    tried = study.read_bytes().splitlines()[:2]
    with create_automation_system(tmp_path / "auto") as system:
        assert system.workflows == {"training-0001": "open"}
        results = system.run_workflow("training-0001")
    assert [results["tasks"][name]["note"] for name in FIRST] == ["taken up from an earlier run"] * 4
    assert results["tasks"]["automl"]["note"] == ""
    assert study.read_bytes().splitlines()[:2] == tried
    assert (results["trials"], results["version"], results["serves"]) == (12, 2, True)


@pytest.mark.parametrize("point", ["system.before_install", "champion.before_switch", "system.before_end"])
def test_a_script_that_dies_at_the_end_ends_when_it_is_started_again(point: str, tmp_path: Path) -> None:
    with started(tmp_path, {"DUETMIND_FAILPOINT": point}) as process:
        process.communicate(timeout=4 * PATIENCE)
        assert process.returncode == -signal.SIGKILL
    with started(tmp_path) as process:
        said, complaints = process.communicate(timeout=4 * PATIENCE)
    assert process.returncode == 0, complaints[-3000:]
    assert said.splitlines()[0] == "training-0001"
    assert said.splitlines()[-1] == "version 2 True"
    with create_automation_system(tmp_path / "auto") as system:
        tasks = system.run_workflow("training-0001")["tasks"]  # as the second run kept them
        assert {tasks[name]["note"] for name in (*FIRST, "automl", "evaluate", "register")} == {
            "taken up from an earlier run"
        }
        assert system.monitor.detect_comprehensive_drift(frame(500, 1))["version"] == 2


def test_the_daemon_takes_the_folder_over_and_serves_the_registered_model(tmp_path: Path) -> None:
    folder, port = tmp_path / "auto", free_port()
    frame(1500, 0).to_csv(tmp_path / "data.csv", index=False)
    config = SEARCH | {"http": {"port": port}}
    with setup_complete_system(frame(1500, 0).drop(columns="ill"), {"accuracy": 0.8}, folder, config=config) as system:
        results = system.run_workflow(
            system.create_automated_training_workflow(
                tmp_path / "data.csv", "ill", "medical_classification", enable_automl=False
            )
        )
        assert system.monitor.detect_comprehensive_drift(frame(1000, 1))["window"]["first_row"] == 0
    with LiveDaemon(folder / "duetmind.yaml", port) as daemon:
        daemon.start()
        assert daemon.model("model")["champion"] == 2
        champion = daemon.get("/api/v1/models/model/champion")
        assert (champion["version"], champion["sha256"]) == (2, results["sha256"])
        with pytest.raises(StoreBusyError, match=f"pid {daemon.process.pid}"):
            create_automation_system(folder)
        # the daemon goes on behind the window that the system has checked
        frame(1000, 2).to_parquet(folder / "production" / "2026-01-01.parquet")
        token = (folder / "http-token").read_text().strip()
        Client(daemon.url, token).post("/api/v1/models/model/check", {})
        found = daemon.wait_for(lambda: daemon.events("check.completed")[1:], "the daemon's check")
        assert (found[0]["data"]["window"]["first_row"], found[0]["data"]["drift"]) == (1000, False)
        assert found[0]["data"]["metric"] > 0.85
        assert daemon.stop() == 0
    with create_automation_system(folder) as system:
        assert len(system.monitor.history) == 2


def test_the_demo_shows_all_five_parts_on_real_data_and_keeps_quiet_colours(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DEMO], check=False, capture_output=True, text=True, cwd=tmp_path, timeout=4 * PATIENCE
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "\x1b" not in done.stdout
    for number in range(1, 6):
        assert f"{number} of 5: " in done.stdout
    assert "later: roc_auc" in done.stdout
    assert "retrain_model: done" in done.stdout
    assert "version 2 serves: True" in done.stdout
    assert "later: drift True" in done.stdout
    assert list(tmp_path.iterdir()) == []
