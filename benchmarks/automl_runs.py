"""One contender on one split of one table within one told budget, in processes of its own, pinned to one core.

Ours runs as the command and is timed from its start to the saved artifact; peers are timed from when their imports are
done until their model is fitted. A row is kept as a file where a folder is given, so that a measurement can be made in
parts, and in turns with others, over hours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.automl_data import split
from benchmarks.daemon import BenchmarkError
from benchmarks.peers import peer_environment, peer_python

#: of the command, by the name of the contender
OURS: Mapping[str, tuple[str, ...]] = {"ours": (), "ours_unbounded": ("--preset", "quality")}
PEERS = ("lightgbm", "optuna", "flaml", "autogluon")
#: seconds in which any of them must have ended
PATIENCE = 900

#: `auc`, `log_loss`, `ece`, `ms`, `mb`, `peak_mb` and `seconds`
Row = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What is measured."""

    contender: str
    budget: float
    seed: int
    table: str

    @property
    def file_name(self) -> str:
        """Of its row.

        >>> Run(contender="ours", budget=30.0, seed=0, table="wine").file_name
        'ours-30s-seed0-wine.json'
        """
        return f"{self.contender}-{self.budget:g}s-seed{self.seed}-{self.table}.json"


def measured(run: Run, table: pd.DataFrame, kept: Path | None) -> Row | None:
    """The row; None for a peer that cannot be installed.

    Parameters
    ----------
    run
        What to measure.
    table
        All rows of the table, which are split by the run's seed.
    kept
        Folder of rows: one that is there is not measured again.
    """
    file = None if kept is None else kept / run.file_name
    if file is not None and file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    print(f"  {run.file_name.removesuffix('.json')} …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        files = split(table, run.seed, Path(folder))
        row = _ours(run, files, Path(folder)) if run.contender in OURS else _peers(run, files, Path(folder))
    if file is not None and row is not None:
        file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return row


def _ours(run: Run, files: tuple[Path, Path], folder: Path) -> Row:
    artifact = folder / "model.duet"
    command = [str(Path(sys.executable).with_name("duetmind")), "automl", str(files[0]), "--target", "target"]
    options = ["--metric", "roc_auc", "--timeout", str(run.budget), "--save", str(artifact), "--json"]
    began = time.time()
    said = json.loads(_ran([*command, *options, *OURS[run.contender]], dict(os.environ)))
    seconds = artifact.stat().st_mtime - began
    found = _ran([sys.executable, "-m", "benchmarks.automl_inside", str(artifact), str(files[1])], dict(os.environ))
    return {**json.loads(found), "seconds": seconds, "trials": said["trials"]}


def _peers(run: Run, files: tuple[Path, Path], folder: Path) -> Row | None:
    python = peer_python(f"automl_{run.contender}")
    if python is None:
        return None
    place = folder / run.contender
    place.mkdir()
    script = Path(__file__).with_name("automl_peer.py")
    command = [str(python), str(script), run.contender, *map(str, files), str(run.budget), str(place)]
    return json.loads(_ran(command, peer_environment()).strip().splitlines()[-1])


def _ran(command: list[str], environment: Mapping[str, str]) -> str:
    """A command's output, run on the last of our cores."""
    core = sorted(os.sched_getaffinity(0))[-1:]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**environment, "OMP_NUM_THREADS": "1"},
        timeout=PATIENCE,
        check=False,
        preexec_fn=partial(os.sched_setaffinity, 0, core),
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
