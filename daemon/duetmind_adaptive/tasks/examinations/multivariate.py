"""Multivariate: whether the columns of a window go together as those of the reference do.

Each window is judged by itself against blocks of the reference that last as long as it does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import CheckReport, Multivariate
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.together.encoding import RARE, Encoder, columns_together
from duetmind_adaptive.drift.together.learned import Learned
from duetmind_adaptive.drift.together.verdict import examine
from duetmind_adaptive.registry.layout import PROFILE, SAMPLE
from duetmind_adaptive.tasks.view import View, stored

#: fewer rows say nothing about how columns go together; blocks of the reference have more
FEWEST_ROWS, FEWEST_BLOCK_ROWS = 60, 100
#: blocks of the reference that are looked at
MOST_BLOCKS = 40
#: reference sides kept in a worker
KEPT = 16


def multivariate(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add whether the tested columns changed together; nothing where there are less than two of them."""
    names = columns_together(report, view.reference.columns)
    if view.window.rows < FEWEST_ROWS:
        found = Multivariate(reason=f"Fewer than {FEWEST_ROWS} rows: nothing can be said about the columns together.")
        return replace(report, multivariate=found), section
    side = reference_side(view.version.folder, names, rounded(view.window.rows))
    if side is None:
        return report, section
    encoder, learned = side
    window = encoder.encode(view.table.select(names))
    found = examine(learned, window, encoder.sources, alpha=1 / view.alarm_checks("multivariate"))
    return replace(report, multivariate=found), section


@lru_cache(maxsize=KEPT)
def reference_side(folder: Path, names: tuple[str, ...], window_rows: int) -> tuple[Encoder, Learned] | None:
    """What the version's sample shows of these columns; None where that is too little."""
    sample, reference = stored(folder / SAMPLE), Reference.load(folder / PROFILE)
    if sample is None or sample.num_rows < FEWEST_ROWS:
        return None
    encoder = Encoder.fit(sample, {name: reference.columns[name].kind for name in names}, RARE)
    if len(set(encoder.sources)) < 2:
        return None
    block = round(window_rows * sample.num_rows / max(reference.rows, 1))
    return encoder, Learned.of(blocks(encoder.encode(sample, own=True), block))


def blocks(rows: NDArray[np.float64], length: int) -> Sequence[NDArray[np.float64]]:
    """Runs of neighbouring rows, all of them alike long, evenly spaced where there are many.

    >>> [len(block) for block in blocks(np.zeros((1000, 2)), 300)], len(blocks(np.zeros((9000, 2)), 1))
    ([333, 333, 333], 40)
    """
    count = max(len(rows) // max(length, FEWEST_BLOCK_ROWS), 1)
    each = len(rows) // count
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_BLOCKS)).astype(np.intp))
    return [rows[place * each : (place + 1) * each] for place in chosen]


def rounded(rows: int) -> int:
    """A power of two: windows of about the same length share a reference side."""
    return 2 ** round(math.log2(rows))
