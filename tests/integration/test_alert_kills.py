"""R1: 500 incidents, 200 kills; every notice reaches the receiver, and a kill repeats one at most."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "support" / "doomed_alerts.py"
INCIDENTS, KILLS = 500, 200


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_opening_and_every_end_is_told_and_a_kill_repeats_one_at_most(tmp_path: Path) -> None:
    dice, command = random.Random(1), [sys.executable, PROGRAM, tmp_path, str(INCIDENTS)]
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(dice.uniform(0, 0.02))
            process.kill()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "ready\ndone\n"
    told = Counter((tmp_path / "sink").read_text().splitlines())
    opened = {f"incident-{index} opened" for index in range(INCIDENTS)}
    ended = {f"incident-{index} resolved" for index in range(1, INCIDENTS, 2)}
    assert set(told) == opened | ended
    assert sum(told.values()) - len(told) <= KILLS
