"""From asking for a worker to the first instruction of its task, with scikit-learn imported, beside loky's.

Every task has a process of its own, forked from the server that the daemon uses and which is ready. loky's worker is
new too: its executor is made for one task, which imports scikit-learn as any task of it has to.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import timedelta

from benchmarks.figures import Figure, at_most
from benchmarks.workers_inside import first_instruction, imported_instruction
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.service.app import PRELOAD

STARTS, STARTS_QUICK = 40, 5
PEERS, PEERS_QUICK = 5, 1
LIMIT = timedelta(seconds=60)


def run(quick: bool) -> list[Figure]:
    """Measure 40 starts (quick: 5)."""
    starts, peers = (STARTS_QUICK, PEERS_QUICK) if quick else (STARTS, PEERS)
    ours = sorted(asyncio.run(_ours(starts)))
    peer = statistics.median(_loky() for _ in range(peers))
    median = statistics.median(ours)
    return [
        Figure(name="start of a worker to its first instruction, scikit-learn imported", value=median * 1000, unit="ms",
               target=at_most(50), ratio=median / peer, peer="loky", ratio_target=at_most(0.2)),
        Figure(name=f"the slowest of {starts}", value=ours[-1] * 1000, unit="ms"),
    ]  # fmt: skip


async def _ours(starts: int) -> list[float]:
    async with ProcessPool(size=2, preload=PRELOAD, guarded=True) as pool:
        await pool.run(first_instruction, timeout=LIMIT, fresh=True)  # the server has started and imported
        taken = list[float]()
        for _ in range(starts):
            while pool.load.processes:  # noqa: ASYNC110 - until the one before is gone, which sets no Event
                await asyncio.sleep(0.01)
            began = time.monotonic()
            taken.append(await pool.run(first_instruction, timeout=LIMIT, fresh=True) - began)
        return taken


def _loky() -> float:
    from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - a peer, imported for its turn

    began = time.monotonic()
    with ProcessPoolExecutor(1) as executor:
        return executor.submit(imported_instruction).result() - began
