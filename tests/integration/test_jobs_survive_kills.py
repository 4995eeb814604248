"""A job's story is whole, whichever moment its service is killed at."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.store.database import open_store

SUPPORT = Path(__file__).parents[1] / "support"
POINTS = [
    "jobs.claim_begin",
    "jobs.claim_committed",
    "jobs.complete_begin",
    "jobs.complete_written",
    "jobs.complete_committed",
]


def serve(folder: Path, owner: str, failpoint: str = "") -> int:
    environment = os.environ | {"PYTHONPATH": str(SUPPORT), "DUETMIND_FAILPOINT": failpoint}
    command = [sys.executable, SUPPORT / "job_service.py", folder, owner]
    return subprocess.run(command, env=environment, check=False, timeout=60).returncode


@pytest.mark.parametrize("point", POINTS)
async def test_a_job_has_its_effect_once_after_a_kill_at(point: str, tmp_path: Path) -> None:
    assert serve(tmp_path, "first", point) == -signal.SIGKILL
    assert serve(tmp_path, "second") == 0
    store = await open_store(f"sqlite:///{tmp_path / 'jobs.db'}")
    job = await store.read(lambda conn: queue.get(conn, "a"))
    after = await store.read(lambda conn: queue.get(conn, "after a"))
    events = [entry.event for entry in await store.read(lambda conn: event_log.after(conn, 0))]
    await store.close()
    assert job is not None
    assert after is not None
    assert job.state == "succeeded"
    assert after.payload["result"] == 42
    assert [event.type for event in events].count("duetmind.job.succeeded") == 1
    assert 1 <= job.attempt <= 2
