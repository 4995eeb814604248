"""Workflows of trivial tasks: what each costs with ledger, retries and progress on, beside joblib/loky one by one.

A fan of tasks that do not depend on one another, a chain in which each takes the result of the one before, and the
first result of a cold orchestrator in a new interpreter. The fan and joblib take turns; Ray, Dask distributed and
Prefect follow in environments of their own, Prefect with fewer tasks, for it takes dozens of milliseconds for each.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.daemon import BenchmarkError, environment
from benchmarks.figures import Figure, at_most, median_ratio
from benchmarks.peers import peer_environment, peer_python
from duetmind_adaptive.training.orchestration import Output, ResourceRequirement, create_orchestrator

TASKS, TASKS_QUICK = 10_000, 300
TURNS, TURNS_QUICK = 3, 1
#: tasks that each peer is given
PEERS = {"ray": TASKS, "dask": TASKS, "prefect": 300}
#: seconds in which a peer must have ended
PATIENCE = 900
#: half a core each, so that both have a task at hand while the other answers
NEEDS = ResourceRequirement(cpu_cores=0.5, memory_gb=0.25)
COLD = """
import time
began = time.perf_counter()
from duetmind_adaptive.training.orchestration import create_orchestrator
orchestrator = create_orchestrator()
orchestrator.add_task("first", abs, (-1,))
assert orchestrator.run_workflow()["first"] == 1
print(time.perf_counter() - began)
"""


def run(quick: bool) -> list[Figure]:
    """Measure (quick: 300 tasks instead of 10,000)."""
    tasks, turns = (TASKS_QUICK, TURNS_QUICK) if quick else (TASKS, TURNS)
    fans, peers, chains, colds = list[float](), list[float](), list[float](), list[float]()
    for _ in range(turns):
        fans.append(_seconds(_fan, tasks))
        peers.append(_seconds(_joblib, tasks))
        chains.append(_seconds(_chain, tasks))
        colds.append(_cold())
    fan, chain = statistics.median(fans) / tasks * 1000, statistics.median(chains) / tasks * 1000
    ours = {"fan": fan, "chain": chain, "cold": statistics.median(colds)}
    return [
        Figure(name=f"a task of a fan of {tasks:,}", value=fan, unit="ms", target=at_most(1),
               ratio=median_ratio(fans, peers), peer="joblib/loky", ratio_target=at_most(3)),
        Figure(name=f"a task of a chain of {tasks:,}", value=chain, unit="ms", target=at_most(1)),
        Figure(name="first result of a cold orchestrator, imports included", value=ours["cold"], unit="s",
               target=at_most(0.5)),
        *(figure for peer, count in PEERS.items() if not quick for figure in _beside(peer, count, ours)),
    ]  # fmt: skip


def _beside(peer: str, tasks: int, ours: Mapping[str, float]) -> list[Figure]:
    """Ours as a ratio to a peer's, for each thing measured; none where the peer cannot be installed."""
    python = peer_python(f"workflows_{peer}")
    if python is None:
        return []
    script = Path(__file__).with_name("workflows_peer.py")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(python), str(script), peer, str(tasks)], cwd=folder, env=peer_environment() | {"PREFECT_HOME": folder},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    found = {name: value for line in done.stdout.splitlines() for name, value in json.loads(line).items()}
    if found.keys() != ours.keys():
        raise BenchmarkError(f"{peer} measured {', '.join(found) or 'nothing'}: {done.stderr[-500:]}")
    return [_ratio("a task of a fan", ours["fan"], found["fan"] / tasks * 1000, "ms", peer),
            _ratio("a task of a chain", ours["chain"], found["chain"] / tasks * 1000, "ms", peer),
            _ratio("first result", ours["cold"], found["cold"], "s", peer)]  # fmt: skip


def _ratio(name: str, mine: float, theirs: float, unit: str, peer: str) -> Figure:
    return Figure(name=f"{name}, {peer}'s", value=theirs, unit=unit, ratio=mine / theirs, peer=f"{peer} (ours to its)",
                  ratio_target=at_most(1))  # fmt: skip


def _seconds(work: Callable[[int], None], tasks: int) -> float:
    began = time.perf_counter()
    work(tasks)
    return time.perf_counter() - began


def _fan(tasks: int) -> None:
    orchestrator = create_orchestrator()
    for at in range(tasks):
        orchestrator.add_task(str(at), abs, (-at,), resources=NEEDS)
    results = orchestrator.run_workflow()
    if not results.ok or results[str(tasks - 1)] != tasks - 1:
        raise SystemExit("the fan did not come to what it should")


def _chain(tasks: int) -> None:
    orchestrator = create_orchestrator()
    orchestrator.add_task("0", abs, (-7,), resources=NEEDS)
    for at in range(1, tasks):
        orchestrator.add_task(str(at), abs, (Output(str(at - 1)),), resources=NEEDS)
    if orchestrator.run_workflow()[str(tasks - 1)] != 7:
        raise SystemExit("the chain did not come to what it should")


def _joblib(tasks: int) -> None:
    from joblib import Parallel, delayed  # noqa: PLC0415 - a peer, imported for its turn

    Parallel(n_jobs=2, batch_size=1)(delayed(abs)(-at) for at in range(tasks))


def _cold() -> float:
    done = subprocess.run([sys.executable, "-c", COLD], env=environment(), capture_output=True, text=True, check=True)
    return float(done.stdout)
