"""Pipelines beside the same steps written by hand in scikit-learn: time to build and fit, and memory of preprocessing.

Both get the same frame (40 columns of numbers, a twentieth missing, and 10 of words with 3 to 192 values), the same
parameters and the same random state, and take turns; time is that of one core. Memory is the kernel's peak of a
process that holds the frame and runs the preprocessing of a linear model once, and what of it came on top of the frame.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.figures import Figure, at_most, median_ratio

ROWS, ROWS_QUICK = 50_000, 2_000
MEMORY_ROWS, MEMORY_ROWS_QUICK = 1_000_000, 20_000
TURNS, TURNS_QUICK = 5, 1
#: the first gets a sparse matrix, the second a dense one, the third missing values and codes as they are
LEARNERS = ("logistic_regression", "random_forest", "hist_gradient_boosting")


def run(quick: bool) -> list[Figure]:
    """Measure (quick: few rows, one turn)."""
    rows, turns = (ROWS_QUICK, TURNS_QUICK) if quick else (ROWS, TURNS)
    figures = [_fitting(learner, rows, turns) for learner in LEARNERS]
    return [*figures, *_memory(MEMORY_ROWS_QUICK if quick else MEMORY_ROWS)]


def _fitting(learner: str, rows: int, turns: int) -> Figure:
    answer = _inside("fitting", learner, rows, turns)
    return Figure(
        name=f"building and fitting {learner}, {rows:,} rows × 50 columns",
        value=statistics.median(answer["ours"]),
        unit="s",
        ratio=median_ratio(answer["ours"], answer["hand"]),
        peer=f"by hand ({statistics.median(answer['hand']):.2f} s)",
        ratio_target=at_most(1.1),
    )


def _memory(rows: int) -> list[Figure]:
    ours, hand = _inside("memory", "ours", rows), _inside("memory", "hand", rows)
    return [
        Figure(
            name=f"peak of memory, preprocessing {rows:,} rows × 50 columns ({ours['frame']:,.0f} MB of them)",
            value=ours["peak"],
            unit="MB",
            ratio=ours["peak"] / hand["peak"],
            peer=f"by hand ({hand['peak']:,.0f} MB)",
            ratio_target=at_most(1.5),
        ),
        Figure(
            name="of which on top of the frame",
            value=ours["added"],
            unit="MB",
            ratio=ours["added"] / hand["added"],
            peer=f"by hand ({hand['added']:,.0f} MB)",
            ratio_target=at_most(1.5),
        ),
    ]


def _inside(*arguments: object) -> dict[str, Any]:
    """Run one measurement in a process of its own, on one core."""
    variables = dict(os.environ) | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.pipelines_inside", *map(str, arguments)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=variables).stdout
    return json.loads(answer)
