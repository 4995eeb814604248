"""A frame of a gigabyte in the hands of eight workers at once: the memory that adds, beside a plain process pool's.

Memory is proportional (PSS): a page that several processes map counts for each by its share. Each worker reads the
whole frame, waits until all have it, and looks at itself; what eight workers with a tiny frame hold is subtracted.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import Figure, at_most
from duetmind_adaptive.training.orchestration import Output, ResourceRequirement, create_orchestrator

GIGABYTES, GIGABYTES_QUICK = 1.0, 0.05
WORKERS = 8
COLUMNS = 25
#: a share of a core, so that all have a place on the smallest machine
NEEDS = ResourceRequirement(cpu_cores=0.1, memory_gb=0.5)
#: seconds that workers wait for each other
PATIENCE = 300.0

#: runs `hold` in so many workers over a frame of so many rows, and gives what each held
Runner = Callable[[int, Path], list[int]]


def run(quick: bool) -> list[Figure]:
    """Measure (quick: 50 MB)."""
    gigabytes = GIGABYTES_QUICK if quick else GIGABYTES
    rows = int(gigabytes * 1e9 / 8 / COLUMNS)
    ours, peer = _added(_orchestrated, rows), _added(_pooled, rows)
    return [
        Figure(name=f"memory that a frame of {gigabytes:g} GB adds in {WORKERS} workers, of its size",
               value=ours / gigabytes, unit="×", target=at_most(1.15), ratio=ours / peer, peer="ProcessPoolExecutor",
               ratio_target=at_most(0.2)),
    ]  # fmt: skip


def _added(runner: Runner, rows: int) -> float:
    """Gigabytes."""
    held = list[int]()
    for count in (rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            held.append(sum(runner(count, Path(folder))))
    return (held[0] - held[1]) / 1e9


def _orchestrated(rows: int, folder: Path) -> list[int]:
    orchestrator = create_orchestrator()
    orchestrator.add_task("frame", frame, (rows,), resources=ResourceRequirement(memory_gb=4))
    names = [orchestrator.add_task(f"hold {at}", hold, (Output("frame"), str(folder)), resources=NEEDS)
             for at in range(WORKERS)]  # fmt: skip
    results = orchestrator.run_workflow()
    return [results[name] for name in names]


def _pooled(rows: int, folder: Path) -> list[int]:
    whole = frame(rows)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("forkserver")) as pool:
        return list(pool.map(hold, [whole] * WORKERS, [str(folder)] * WORKERS))


def frame(rows: int) -> pd.DataFrame:
    """Numbers."""
    values = np.random.default_rng(0).random((COLUMNS, rows))
    return pd.DataFrame({f"column {at}": column for at, column in enumerate(values)}, copy=False)


def hold(values: pd.DataFrame, folder: str) -> int:
    """Read all of it, wait for the others, and tell the bytes that this process holds."""
    if not np.isfinite(float(values.sum().sum())):
        raise ValueError("the frame is damaged")
    mark, there = f"{time.monotonic_ns()}-{id(values)}", Path(folder)
    _meet(there / "read", mark)
    held = proportional_memory()
    _meet(there / "looked", mark)  # nobody leaves, and gives its share back, before all have looked
    return held


def _meet(place: Path, mark: str) -> None:
    place.mkdir(exist_ok=True)
    (place / mark).touch()
    until = time.monotonic() + PATIENCE
    while len(list(place.iterdir())) < WORKERS:
        if time.monotonic() > until:
            raise TimeoutError("the other workers did not come")
        time.sleep(0.02)


def proportional_memory() -> int:
    """Bytes of this process, pages that it shares counted by its share of them."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/smaps_rollup does not tell it")
