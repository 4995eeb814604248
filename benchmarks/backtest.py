"""What a backtest costs beside the fits of its models: 40 windows × 1,000 rows of elec2, 'every window' included.

CPU seconds of one process on one thread; the fits are those of the first model, of all candidates and challengers, and
of the comparison with retraining every window, which `--html` asks for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from benchmarks.closed_loop import DATA, WINDOWS, stream_config
from benchmarks.figures import Figure, at_most

STREAM, ROWS = "elec2", 1_000
#: of the whole, over its fits
MOST = 1.2


def run(quick: bool) -> list[Figure]:
    """The ratio, and what it is made of; `quick` replays four windows."""
    spent = _replayed(4 if quick else WINDOWS)
    windows = spent["windows"]
    return [
        Figure(
            name=f"backtest of {windows:.0f} windows × {ROWS} rows of {STREAM}, {spent['fits']:.0f} fits",
            value=spent["whole"],
            unit="s",
            peer="its fits",
            ratio=spent["whole"] / spent["fitting"],
            ratio_target=None if quick else at_most(MOST),
        ),
        Figure(name="its fits", value=spent["fitting"], unit="s"),
        Figure(name="a check of a window", value=spent["checking"] / windows, unit="s"),
    ]


def _replayed(windows: int) -> dict[str, float]:
    """CPU seconds of one backtest, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config = stream_config(STREAM, Path(folder))
        document = yaml.safe_load(config.read_text())
        model = document["models"][STREAM]
        rows = pq.read_metadata(DATA / f"{STREAM}.parquet").num_rows
        first = rows - WINDOWS * ROWS
        model["reference"]["rows"] = [0, first]
        model["production"] |= {"rows": [first, first + windows * ROWS], "window": {"rows": ROWS}}
        config.write_text(yaml.safe_dump(document))
        command = [sys.executable, "-m", "benchmarks.backtest_inside", str(config)]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        done = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | threads, check=True)
        return json.loads(done.stdout)
