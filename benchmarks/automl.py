"""AutoML beside what people use, on the same rows, one core and the same told budget: score, time, size, latency.

Ours runs as the command, from its start to the saved artifact; peers in their own process, their imports not counted.
DUETMIND_AUTOML_SEEDS, _BUDGETS and _PEERS (`5`, `30,120`, `lightgbm,optuna,flaml,autogluon`) say how much is measured;
the default is one split, 30 s and the peers that install in a minute. AutoGluon is large.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.automl_data import split, tables
from benchmarks.daemon import BenchmarkError
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.peers import peer_environment, peer_python

SEEDS, BUDGETS, PEERS = "1", "30", "lightgbm,optuna,flaml"
QUICK_BUDGET = 20.0
#: seconds that a search may take over the told budget
OVER = 0.5
#: seconds in which any of them must have ended
PATIENCE = 900

Row = Mapping[str, float]


def run(quick: bool) -> list[Figure]:
    """Measure (quick: two small sets, 20 s each, no peers)."""
    seeds = 1 if quick else int(os.environ.get("DUETMIND_AUTOML_SEEDS", SEEDS))
    budgets = [QUICK_BUDGET] if quick else [float(each) for each in _listed("BUDGETS", BUDGETS)]
    peers = [] if quick else _listed("PEERS", PEERS)
    figures = list[Figure]()
    for budget in budgets:
        ours, theirs = list[Row](), {name: list[Row]() for name in peers}
        for table in tables(quick=quick).values():
            for seed in range(seeds):
                with tempfile.TemporaryDirectory() as folder:
                    files = split(table, seed, Path(folder))
                    ours.append(_ours(files, budget, Path(folder)))
                    for name in list(theirs):
                        _beside(theirs, name, files, budget, Path(folder))
        figures += _figures(ours, theirs, budget)
    return figures


def _beside(theirs: dict[str, list[Row]], name: str, files: tuple[Path, Path], budget: float, folder: Path) -> None:
    """Add a peer's row; a peer that cannot be installed is left out from then on."""
    python = peer_python(f"automl_{name}")
    if python is None:
        del theirs[name]
        return
    place = folder / name
    place.mkdir()
    script = Path(__file__).with_name("automl_peer.py")
    theirs[name].append(_asked([str(python), str(script), name, *map(str, files), str(budget), str(place)]))


def _ours(files: tuple[Path, Path], budget: float, folder: Path) -> Row:
    artifact = folder / "model.duet"
    command = [str(Path(sys.executable).with_name("duetmind")), "automl", str(files[0]), "--target", "target"]
    options = ["--metric", "roc_auc", "--timeout", str(budget), "--save", str(artifact), "--json"]
    began = time.time()
    _ran([*command, *options], dict(os.environ))
    seconds = artifact.stat().st_mtime - began
    found = _ran([sys.executable, "-m", "benchmarks.automl_inside", str(artifact), str(files[1])], dict(os.environ))
    return {**json.loads(found), "seconds": seconds}


def _figures(ours: Sequence[Row], theirs: Mapping[str, Sequence[Row]], budget: float) -> list[Figure]:
    told = f"told {budget:g} s"
    scores = {name: _mean(rows, "auc") for name, rows in theirs.items() if rows}
    worst = max(row["seconds"] - budget for row in ours)
    figures = [
        Figure(name=f"mean AUC of {len(ours)} runs, {told}", value=_mean(ours, "auc"), unit=""),
        Figure(name=f"mean log loss, {told}", value=_mean(ours, "log_loss"), unit=""),
        Figure(name=f"mean calibration error, {told}", value=_mean(ours, "ece"), unit=""),
        Figure(name=f"worst time over the budget, {told}", value=max(0.0, worst), unit="s", target=at_most(OVER)),
        Figure(name="slowest model, 1,000 rows", value=max(row["ms"] for row in ours), unit="ms", target=at_most(50)),
        Figure(name="largest model", value=max(row["mb"] for row in ours), unit="MB", target=at_most(10)),
        Figure(
            name="peak of memory while serving",
            value=max(row["peak_mb"] for row in ours),
            unit="MB",
            target=at_most(400),
        ),
    ]
    for name, value in scores.items():
        figures += _beside_figures(name, value, ours, theirs[name], told)
    return figures


def _beside_figures(name: str, value: float, ours: Sequence[Row], rows: Sequence[Row], told: str) -> list[Figure]:
    ahead = _mean(ours, "auc") - value
    wins = sum(mine["auc"] > peer["auc"] for mine, peer in zip(ours, rows, strict=True))
    took = statistics.mean(row["seconds"] for row in rows)
    return [
        Figure(
            name=f"{name}: mean AUC (log loss {_mean(rows, 'log_loss'):.4f}, error {_mean(rows, 'ece'):.4f}, "
            f"{took:.0f} s, {_mean(rows, 'ms'):.0f} ms), {told}; ours is {ahead:+.4f}",
            value=value,
            unit="",
        ),
        Figure(
            name=f"runs with a higher AUC than {name}, of {len(ours)}, {told}",
            value=wins,
            unit="",
            target=at_least(len(ours)),
        ),
    ]


def _mean(rows: Sequence[Row], name: str) -> float:
    return statistics.mean(row[name] for row in rows)


def _listed(name: str, default: str) -> list[str]:
    return [each.strip() for each in os.environ.get(f"DUETMIND_AUTOML_{name}", default).split(",") if each.strip()]


def _asked(command: list[str]) -> dict[str, Any]:
    return json.loads(_ran(command, peer_environment()).strip().splitlines()[-1])


def _ran(command: list[str], environment: dict[str, str]) -> str:
    """A command's output, run on the last of our cores."""
    core = sorted(os.sched_getaffinity(0))[-1:]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment | {"OMP_NUM_THREADS": "1"},
        timeout=PATIENCE,
        check=False,
        preexec_fn=partial(os.sched_setaffinity, 0, core),
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
