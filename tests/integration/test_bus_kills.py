"""The process is killed at every failpoint of store and bus and at random moments; nothing is lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nothing_acknowledged_is_lost_and_no_local_effect_doubled_by_a_few_dozen_kills(tmp_path):
    command = [sys.executable, "-m", "benchmarks.chaos_bus", "--kills", "60", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    document = json.loads(done.stdout)
    assert document["broken"] == []
    assert document["failpoints_missed"] == []
    assert len(document["failpoints"]) >= 20
    assert document["kills"] == 60
    assert document["acknowledged"] > 0
