"""What keeping a study costs, and what a hundred kills cost it: trials lost, doubled or left half, time to go on."""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import Figure, at_most
from duetmind_adaptive.training.automl.study import Study, Trial, read_study

#: rows and classes of the answers that a trial keeps
SMALL, LARGE = (5_000, 2), (28_000, 5)
#: of the trials that are killed in between, and the seconds after each: the file stays small
FEW, PAUSE = (500, 2), 0.002
TRIALS, TRIALS_QUICK = 200, 20
KILLS, KILLS_QUICK = 100, 3
#: of the command, and the rows and columns of the table that it searches on
RESTARTS, SMALL_TABLE = 5, (5_000, 20)
#: seconds after which a child is killed at the latest
LONGEST = 0.6


def run(quick: bool) -> list[Figure]:
    """Measure (quick: few trials, three kills)."""
    with tempfile.TemporaryDirectory() as folder:
        trials = TRIALS_QUICK if quick else TRIALS
        figures = [_cost(Path(folder), shape, trials) for shape in (SMALL, LARGE)]
        figures += _kills(Path(folder) / "killed.study", KILLS_QUICK if quick else KILLS)
        return [*figures, _goes_on(Path(folder), 1 if quick else RESTARTS)]


def _cost(folder: Path, shape: tuple[int, int], trials: int) -> Figure:
    """Milliseconds that a trial on disk takes more than one in memory."""
    answers = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    times = list[float]()
    for path in (None, folder / f"{shape[0]}.study"):
        with Study(path) as study:
            began = time.perf_counter()
            for number in range(trials):
                study.add(_trial(number, answers))
            times.append((time.perf_counter() - began) / trials)
    name = f"storage of a trial with {shape[0]:,} × {shape[1]} answers, over memory"
    return Figure(name=name, value=1000 * max(0.0, times[1] - times[0]), unit="ms", target=at_most(2))


def _kills(path: Path, kills: int) -> list[Figure]:
    """A child adds trials and tells each; it is killed at any moment, and the next one goes on."""
    generator, told, starts = random.Random(0), set[int](), list[float]()
    lost = doubled = half = 0
    for _ in range(kills):
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.study", str(path)], stdout=subprocess.PIPE, text=True
        )
        output = child.stdout
        if output is None:
            continue
        told.add(int(output.readline()))
        starts.append(time.perf_counter() - began)
        time.sleep(generator.uniform(0, LONGEST))
        os.kill(child.pid, signal.SIGKILL)
        told |= {int(line) for line in output.read().split("\n")[:-1]}
        child.wait()
        kept = [trial.number for trial in read_study(path)]
        lost, doubled = lost + len(told - set(kept)), doubled + len(kept) - len(set(kept))
        half += sum(trial.state not in {"complete", "failed"} for trial in read_study(path))
    return [
        Figure(name=f"finished trials lost by {kills} SIGKILLs", value=lost, unit="", target=at_most(0), exact=True),
        Figure(name="trials that are there twice", value=doubled, unit="", target=at_most(0), exact=True),
        Figure(name="trials left running", value=half, unit="", target=at_most(0), exact=True),
        Figure(
            name="from a restart to the next trial kept, median",
            value=statistics.median(starts),
            unit="s",
            target=at_most(1.5),
        ),
    ]


def _goes_on(folder: Path, restarts: int) -> Figure:
    """The whole command on a table, killed again and again: when its next trial begins."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=SMALL_TABLE), columns=[f"x{at}" for at in range(SMALL_TABLE[1])])
    table.assign(y=(table["x0"] + rng.normal(size=len(table)) > 0).astype(int)).to_parquet(folder / "table.parquet")
    program = str(Path(sys.executable).with_name("duetmind"))
    command = [program, "automl", "table.parquet", "--target", "y", "--timeout", "600", "--study", "goes_on", "--json"]
    begins = [_next_begin(command, folder) for _ in range(restarts + 1)]
    name = "from a restart of the command to the beginning of its next trial, median"
    return Figure(name=name, value=statistics.median(begins[1:]), unit="s", target=at_most(1.5))


def _next_begin(command: list[str], folder: Path) -> float:
    """Seconds from the command's start to the beginning of the first trial that it adds to the study, then a kill."""
    study = folder / "studies" / "goes_on.study"
    before = len(read_study(study)) if study.exists() else 0
    began = time.time()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True) as child:
        while not study.exists() or len(read_study(study)) == before:
            time.sleep(0.01)
        added = time.time() - read_study(study)[before].seconds
        os.killpg(child.pid, signal.SIGKILL)
    return added - began


def _trial(number: int, answers: np.ndarray) -> Trial:
    return Trial(number=number, algorithm="mlp", params={"width": 8}, state="complete", score=0.5, answers=answers)


def _add_for_ever(path: Path) -> None:
    """The child: adds trials, and says which after each."""
    answers = np.zeros(FEW, dtype=np.float32)
    with Study(path) as study:
        while True:
            number = study.next_number
            study.add(_trial(number, answers))
            print(number, flush=True)
            time.sleep(PAUSE)


if __name__ == "__main__":
    _add_for_ever(Path(sys.argv[1]))
