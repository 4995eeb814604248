"""R9: whatever dies and however the clock jumps, a budget of one a day is one retrain."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "support" / "doomed_policy.py"
EVENTS, KILLS = 1000, 50


def count(store: Path, kind: str) -> int:
    with sqlite3.connect(store) as conn:
        return conn.execute("SELECT count(*) FROM events WHERE type = ?", (kind,)).fetchone()[0]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_falls_fifty_kills_and_steps_of_the_clock_ask_for_exactly_one_retrain(tmp_path: Path) -> None:
    store, dice, kills = tmp_path / "duetmind.db", random.Random(9), 0
    while kills < KILLS:
        off = dice.choice((-3600, 0, 3600))
        command = [sys.executable, PROGRAM, store, str(EVENTS), str(off)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(dice.uniform(0, 0.08))
            process.kill()
        kills += 1
    done = subprocess.run(
        [sys.executable, PROGRAM, store, str(EVENTS), "0"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ready\ndone\n"
    assert count(store, "duetmind.check.completed") == EVENTS
    assert count(store, "duetmind.retrain.requested") == 1
    with sqlite3.connect(store) as conn:
        open_work = conn.execute("SELECT count(*) FROM deliveries WHERE state NOT IN ('delivered', 'suppressed')")
        assert open_work.fetchone()[0] == 0
