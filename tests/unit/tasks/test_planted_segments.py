"""A fall in a part of the rows of real streams is named in words, while the metric as a whole hardly moves."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from streams import SHARED, flipped, walk

from duetmind_adaptive.check_report import CheckReport

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the streams lie beside the project, and do not here")

#: of a window of diabetes_130us_shuffled, and of them before labels are flipped
ROWS, SOUND = 2_044, 2


def values(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False)


def fifties(table: pa.Table) -> np.ndarray:
    """A sixth of the rows, by one column."""
    return values(table, "age") == "[50-60)"


def short_stays_without_insulin(table: pa.Table) -> np.ndarray:
    """A sixth of the rows, by two columns."""
    return (values(table, "insulin") == "No") & (values(table, "time_in_hospital") <= 2)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (fifties, ("age = '[50-60)'",)),
        (short_stays_without_insulin, ("time_in_hospital ≤ 2", "insulin = 'No'")),
    ],
)
def test_labels_flipped_in_a_part_of_the_patients_are_told_by_its_conditions(part, words, tmp_path: Path) -> None:
    change = flipped("target", SOUND * ROWS, part)
    reports = list(islice(walk("diabetes_130us_shuffled", tmp_path, change=change), SOUND + 3))
    assert not any(report.segments for report in reports[:SOUND])
    for report in reports[SOUND:]:
        assert not fallen(report)
        assert "model" in report.kinds
    named = [segment for report in reports[SOUND:] for segment in report.segments[:1]]
    assert len(named) >= 2
    assert sum(all(word in segment.where for word in words) for segment in named) >= 2
    assert all(segment.reference.value - segment.reading.value > 0.15 for segment in named)


def fallen(report: CheckReport) -> bool:
    return report.performance is not None and report.performance.degraded
