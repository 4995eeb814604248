"""Drift of 50 columns, of which 18 truly moved: what it costs, what it finds, and what others make of the same files.

Everything runs in processes of its own, on one core unless said. A comparison as a command stands beside the least that
two files can cost (import pandas, read both, sort the numbers of both); the statistics beside sorting; both take turns.
DUETMIND_PEER_ROWS=1000000 gives the peers a million rows as well, which takes Evidently five minutes.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from scipy.special import betaincinv

from benchmarks.daemon import BenchmarkError
from benchmarks.drift_data import make, wide
from benchmarks.figures import Figure, at_least, at_most, median_ratio
from benchmarks.peers import peer_environment, peer_python

ROWS, ROWS_MANY, ROWS_QUICK = 100_000, 1_000_000, 20_000
TURNS, TURNS_MANY = 5, 3
WIDE_ROWS, NARROW_COLUMNS, WIDE_COLUMNS = 350_000, 50, 800
REPEATS, REPEATS_QUICK = 200, 5
WINDOW = 1_000
#: a seed of its own for each size
SEED = 11
#: peer, its configuration, how many times faster we want to be than its default, and turns: one takes half a minute
PEERS = (("evidently", "default", 30.0, 1), ("evidently", "ks_chi2", None, 1), ("nannyml", "default", 5.0, 3))


class Ran(NamedTuple):
    """One process that has ended."""

    seconds: float
    #: peak of resident memory
    megabytes: float
    output: str


def run(quick: bool) -> list[Figure]:
    """Measure (quick: 20,000 rows, no peers, nothing wide)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(WINDOW, SEED).write(folder / "window")
        if quick:
            return [
                *_command(folder, ROWS_QUICK, turns=1),
                *_exact(folder, ROWS_QUICK),
                *_window(folder, ROWS_QUICK),
                *_calm(REPEATS_QUICK),
            ]
        figures = [*_command(folder, ROWS, TURNS), *_peers(folder, ROWS), *_window(folder, ROWS)]
        figures += [*_command(folder, 10_000, TURNS_MANY), *_command(folder, ROWS_MANY, TURNS_MANY)]
        figures += _exact(folder, ROWS_MANY)
        if os.environ.get("DUETMIND_PEER_ROWS") == str(ROWS_MANY):
            figures += _peers(folder, ROWS_MANY)
        return [*figures, *_wide(folder), *_calm(REPEATS)]


def _command(folder: Path, rows: int, turns: int) -> list[Figure]:
    """`duetmind compare` beside its floor, and what it found."""
    work, home = make(rows, SEED), folder / str(rows)
    work.write(home)
    ours, floor = list[Ran](), list[Ran]()
    for _ in range(turns):
        floor.append(_inside("floor", home))
        ours.append(_compare(home))
    columns = json.loads(ours[0].output)["columns"]
    flagged = {name for name, column in columns.items() if column["drift"]}
    hits, truly, false = len(flagged & work.moved), len(work.moved), len(flagged - work.moved)
    least = 0 if rows < 10_000 else truly if rows >= ROWS else truly - 2
    return [
        Figure(
            name=f"duetmind compare, {rows:,} rows",
            value=statistics.median(each.seconds for each in ours),
            unit="s",
            ratio=median_ratio([each.seconds for each in ours], [each.seconds for each in floor]),
            peer=f"import pandas, read, sort ({statistics.median(each.seconds for each in floor):.2f} s)",
            ratio_target=at_most(2.5),
        ),
        Figure(
            name=f"its peak of memory, {rows:,} rows",
            value=max(each.megabytes for each in ours),
            unit="MB",
            target=at_most(2500),
        ),
        Figure(name=f"of {truly} moved columns found, {rows:,} rows", value=hits, unit="", target=at_least(least)),
        Figure(name=f"sound columns flagged, {rows:,} rows", value=false, unit="", target=at_most(0)),
    ]


def _peers(folder: Path, rows: int) -> list[Figure]:
    """What peers take for the same files, and what they make of them; those that cannot be installed are left out."""
    home, figures = folder / str(rows), list[Figure]()
    for name, config, faster, turns in PEERS:
        python = peer_python(name)
        if python is not None:
            command = [str(python), str(Path(__file__).with_name("drift_peer.py")), name, config, str(home)]
            figures += _peer(command, home, faster if rows == ROWS else None, turns)
    return figures


def _peer(command: list[str], home: Path, faster: float | None, turns: int) -> list[Figure]:
    """A script of theirs beside our command, and both on tables in memory, turn by turn."""
    ours, theirs, ours_within, theirs_within, answer = [], [], [], [], dict[str, Any]()
    for _ in range(turns):
        ran = _ran(command, peer_environment())
        answer = json.loads(ran.output.strip().splitlines()[-1])
        theirs.append(ran.seconds)
        theirs_within.append(answer["seconds"])
        ours.append(_compare(home).seconds)
        ours_within.append(json.loads(_inside("memory", home, 3).output)["seconds"])
    moved, flagged = make(WINDOW, SEED).moved, set(answer["flagged"])
    found = (
        f"{len(flagged & moved)} of {len(moved)} found, {len(flagged - moved)} sound flagged, "
        f"{'drift' if answer['drift'] else 'no drift'}, {answer['mb']:,.0f} MB"
    )
    pairs = (
        (f"script: {found}", theirs, ours, "our command"),
        ("in memory, imported before", theirs_within, ours_within, "ours in memory"),
    )
    return [
        Figure(
            name=f"{command[2]} ({command[3]}), {int(home.name):,} rows, {how}",
            value=statistics.median(their),
            unit="s",
            ratio=median_ratio(their, our),
            peer=f"{what} ({statistics.median(our):.2f} s)",
            ratio_target=at_least(faster) if faster else None,
        )
        for how, their, our, what in pairs
    ]


def _exact(folder: Path, rows: int) -> list[Figure]:
    """The five statistics on values in memory, the reference sorted, beside sorting the numeric columns."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    found = json.loads(_inside("exact", folder / str(rows), TURNS, len(cores), cores=cores).output)
    figures = [
        Figure(
            name=f"KS, PSI, Wasserstein, Jensen-Shannon, chi-square of 50 columns, {rows:,} rows",
            value=statistics.median(found["test1 processor"]),
            unit="s",
            ratio=median_ratio(found["test1 processor"], found["sort1 processor"]),
            peer="sorting the 40 numeric ones",
            ratio_target=at_most(4),
        )
    ]
    if len(cores) == 2:
        speedups = {what: median_ratio(found[f"{what}1"], found[f"{what}2"]) for what in ("sort", "test")}
        figures.append(
            Figure(
                name=f"their speed-up by a second core, {rows:,} rows",
                value=speedups["test"],
                unit="×",
                ratio=speedups["test"] / speedups["sort"],
                peer=f"sorting's ({speedups['sort']:.2f} ×)",
                ratio_target=at_least(0.9),
            )
        )
    return figures


def _window(folder: Path, rows: int) -> list[Figure]:
    answer = json.loads(_inside("window", folder / str(rows), folder / "window").output)
    name = f"a window of {answer['rows']:,} × {answer['columns']} beside a stored reference of {rows:,} rows"
    return [Figure(name=name, value=1000 * answer["seconds"], unit="ms", target=at_most(15))]


def _wide(folder: Path) -> list[Figure]:
    """Cost grows with the number of columns and no faster; so does the report, which is still a page."""
    seconds, ran = dict[int, float](), Ran(0.0, 0.0, "")
    page = folder / "report.html"
    for columns in (NARROW_COLUMNS, WIDE_COLUMNS):
        home = folder / f"wide {columns}"
        wide(WIDE_ROWS, columns, SEED).write(home)
        ran = _compare(home, "--html", str(page))
        seconds[columns] = ran.seconds
    times, name = WIDE_COLUMNS / NARROW_COLUMNS, f"{WIDE_ROWS:,} × {WIDE_COLUMNS}"
    return [
        Figure(
            name=f"duetmind compare --html, {name}",
            value=seconds[WIDE_COLUMNS],
            unit="s",
            ratio=seconds[WIDE_COLUMNS] / (times * seconds[NARROW_COLUMNS]),
            peer=f"{times:g} times that of {NARROW_COLUMNS} columns",
            ratio_target=at_most(1.2),
        ),
        Figure(name=f"its peak of memory, {name}", value=ran.megabytes, unit="MB", target=at_most(1500)),
        Figure(name=f"its report, {name}", value=page.stat().st_size / 1e6, unit="MB", target=at_most(5)),
    ]


def _calm(repeats: int) -> list[Figure]:
    """Shares with their exact 95 % intervals (Clopper and Pearson)."""
    answer = json.loads(_inside("calm", repeats, cores=sorted(os.sched_getaffinity(0))).output)
    figures = list[Figure]()
    for what, key in (("a sound column flagged", "columns"), ("anything called drift", "whole")):
        hits, runs = answer[key], answer["repeats"]
        low = float(betaincinv(hits, runs - hits + 1, 0.025)) if hits else 0.0
        high = float(betaincinv(hits + 1, runs - hits, 0.975)) if hits < runs else 1.0
        name = f"{runs} comparisons without drift, share with {what} (95 % interval {low:.3f} to {high:.3f})"
        figures.append(Figure(name=name, value=hits / runs, unit="", target=at_most(0.05)))
    return figures


# ---------------------------------------------------------------- processes


def _compare(home: Path, *options: str) -> Ran:
    command = [str(Path(sys.executable).with_name("duetmind")), "compare"]
    files = [str(home / f"{side}.parquet") for side in ("reference", "current")]
    return _ran([*command, *files, "--json", *options], None, accepted=(0, 1))


def _inside(mode: str, *arguments: object, cores: Sequence[int] | None = None) -> Ran:
    return _ran([sys.executable, "-m", "benchmarks.drift_inside", mode, *map(str, arguments)], None, cores=cores)


def _ran(
    command: list[str],
    environment: dict[str, str] | None,
    *,
    cores: Sequence[int] | None = None,
    accepted: Sequence[int] = (0,),
) -> Ran:
    """Run a command to its end on these cores, by default on the last one of ours."""
    pinned = partial(os.sched_setaffinity, 0, cores or sorted(os.sched_getaffinity(0))[-1:])
    variables: dict[str, Any] = dict(environment or os.environ) | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=variables, preexec_fn=pinned)  # noqa: PLW1509 - no threads here
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode not in accepted:
            raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode}: {errors.read()[-500:]}")
        return Ran(seconds, usage.ru_maxrss / 1024, output.read())
