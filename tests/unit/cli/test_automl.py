"""`duetmind automl`: one document, one artifact, one page, quiet where it should be, and it goes on after a kill."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive.cli.automl import describe_progress
from duetmind_adaptive.registry.artifact import load_artifact
from duetmind_adaptive.training.automl.search import Progress
from duetmind_adaptive.training.automl.study import read_study

QUICK = ("--algorithm", "logistic_regression", "--n-trials", "3")
#: the contract's
KEYS = {"best_score", "best_algorithm", "best_params", "metric", "trials", "seconds", "param_importance", "leaderboard"}


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    age, job = rng.normal(40, 9, 300).round(1), rng.choice(["cook", "nu<b>rse", "pilot"], 300)
    late = rng.uniform(size=300) < 1 / (1 + np.exp((age - 40) / 4 - (job == "pilot")))
    frame = pd.DataFrame({"age": age, "job": job, "site": "A", "late": np.where(late, "yes", "no")})
    frame.loc[::9, "age"] = np.nan
    frame.to_csv(tmp_path / "loans.csv", index=False)
    return tmp_path / "loans.csv"


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duetmind_adaptive", "automl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_one_document_in_the_contracts_shape_and_an_artifact_that_answers(loans: Path, tmp_path: Path) -> None:
    saved, page = tmp_path / "loans.duet", tmp_path / "loans.html"
    done = process(loans, "--target", "late", "--metric", "f1", *QUICK, "--save", saved, "--html", page, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) >= KEYS
    assert document["artifact"] == str(saved)
    assert document["trials"] == len(document["leaderboard"]) == 3
    model = load_artifact(saved, hashlib.sha256(saved.read_bytes()).hexdigest())
    frame = pd.read_csv(loans)
    assert model.features == ("age", "job")
    assert (model.predict(frame) == frame["late"]).mean() > 0.6
    assert model.manifest.threshold == document["ensemble"]["threshold"]
    assert model.manifest.metrics == {"f1": pytest.approx(document["ensemble"]["score"])}
    text = page.read_text()
    assert "nu<b>rse" not in text
    for part in ("Optimisation history", "ROC", "Calibration", "Precision and recall", "Leaderboard"):
        assert part in text


def test_the_table_is_plain_in_a_pipe(loans: Path) -> None:
    done = process(loans, "--target", "late", *QUICK)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0].startswith("roc_auc 0.")
    assert lines[1].split() == ["#", "ALGORITHM", "ROC_AUC", "S/FOLD", "PARAMETERS"]
    assert lines[2].split()[:2] == ["1", "logistic_regression"]
    assert lines[-2] == "note: 1 column with one value only was left out: site"
    assert lines[-1].startswith("3 trials in ")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--target", "gone"), "has no column 'gone'; it has age, job, site, late"),
        (("--target", "late", "--metric", "rmse"), "rmse measures numbers, and column 'late' holds classes"),
        (("--target", "late", "--metric", "auc"), "there is no metric 'auc'"),
        (("--target", "late", "--timeout", "0"), "timeout is 0.0 seconds; give more than none"),
        (("--target", "late", "--save", "nowhere/model.duet"), "its folder does not exist"),
        (("--target", "late", "--timestamp", "late"), "target, timestamp and group must be different columns"),
        (("--target", "site",), "column 'site' has the same value in every labelled row"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(duetmind, loans: Path, options: tuple[str, ...], said: str) -> None:
    outcome = duetmind("automl", loans, *options)
    assert outcome.status == 2
    assert outcome.out == ""
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_killed_search_goes_on_with_every_finished_trial(loans: Path, tmp_path: Path) -> None:
    path = tmp_path / "studies" / "loans.study"
    arguments = ("--target", "late", "--n-trials", "400", "--study", "loans", "--studies", tmp_path / "studies")
    command = [sys.executable, "-m", "duetmind_adaptive", "automl", str(loans), *map(str, arguments)]
    search = subprocess.Popen(command, start_new_session=True)
    give_up = time.monotonic() + 100
    while not (path.exists() and path.read_bytes().count(b"\n") >= 2) and time.monotonic() < give_up:
        time.sleep(0.02)
    os.kill(search.pid, signal.SIGKILL)
    search.wait()
    before = read_study(path)
    assert len(before) >= 2
    done = process(loans, *arguments[:2], "--n-trials", len(before) + 1, *arguments[4:], "--json")
    after = read_study(path)
    assert done.returncode == 0, done.stderr
    assert [trial.number for trial in after] == list(range(len(before) + 1))
    assert [trial.document for trial in after[:-1]] == [trial.document for trial in before]
    assert json.loads(done.stdout)["trials"] == len(after)


def test_the_live_line_tells_score_algorithm_and_time_left() -> None:
    line = describe_progress(Progress(4, 0.8512, "xgboost", 20.0, failed=1), since=2.5)
    assert line == "best 0.8512 (xgboost), 4 trials, 1 failed, 18 s left"
    assert describe_progress(Progress(0, None, None, None), since=0.0) == "best -, 0 trials"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files whose path is short enough for sockets; pytest's own may not be."""
    with tempfile.TemporaryDirectory(prefix="duetmind-") as folder:
        yield Path(folder)


def test_a_temporary_folder_too_long_for_sockets_gets_one_sentence(loans: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    command = [sys.executable, "-m", "duetmind_adaptive", "automl", str(loans), "--target", "late", "--n-trials", "1"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"TMPDIR": str(deep)}
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"duetmind: No worker process could be started: the folder for temporary files, {deep}, is too long a path; "
        "set TMPDIR to a shorter one.\n"
    )


def test_ctrl_c_ends_the_search_its_workers_and_its_folder_and_keeps_the_trials(
    loans: Path, tmp_path: Path, temporary: Path
) -> None:
    path = tmp_path / "studies" / "loans.study"
    arguments = ("--target", "late", "--n-trials", "400", "--study", "loans", "--studies", tmp_path / "studies")
    command = [sys.executable, "-m", "duetmind_adaptive", "automl", str(loans), *map(str, arguments)]
    search = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(temporary)}, start_new_session=True
    )
    give_up = time.monotonic() + 100
    while not (path.exists() and path.read_bytes().count(b"\n") >= 1) and time.monotonic() < give_up:
        time.sleep(0.02)
    search.send_signal(signal.SIGINT)
    _, said = search.communicate(timeout=60)
    assert (search.returncode, said) == (130, "")
    assert read_study(path)
    assert list(temporary.glob("duetmind-automl-*")) == []
