"""Real streams through whole checks of a trained champion: what changed is told by its kind, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pytest
from streams import SHARED, walk

from duetmind_adaptive.service.insights import insights

#: of a window of random_tree_gradual
ROWS = 350

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the streams lie beside the project, and do not here")


def test_a_change_of_the_concept_alone_is_told_as_that_within_a_window(tmp_path: Path) -> None:
    reports = list(walk("random_tree_gradual", tmp_path))
    related = [at for at, report in enumerate(reports) if "concept" in report.kinds]
    assert abs(related[0] - 10) <= 1
    assert related == list(range(related[0], len(reports)))
    assert not any("data" in report.kinds for report in reports)
    last = reports[-1].concept
    assert last is not None
    assert last.where
    assert (last.gain or 0.0) > 0.1


@pytest.mark.slow
def test_rows_in_random_order_show_nothing_of_any_kind(tmp_path: Path) -> None:
    assert [report.kinds for report in walk("diabetes_130us_shuffled", tmp_path) if report.kinds] == []


def test_the_days_of_electricity_are_natural_and_the_window_in_which_victoria_joins_is_drift(tmp_path: Path) -> None:
    reports = list(islice(walk("elec2", tmp_path), 10))
    assert [at for at, report in enumerate(reports) if "data" in report.kinds] == [9]
    assert not any(report.kinds for report in reports[:4])


def test_the_season_of_the_air_that_the_reference_does_not_show_is_found_within_a_window(tmp_path: Path) -> None:
    reports = list(islice(walk("air_quality", tmp_path, task="regression"), 3))
    assert [at for at, report in enumerate(reports) if "data" in report.kinds] == [1, 2]
    assert not any("concept" in report.kinds for report in reports)


def test_without_labels_the_metric_is_estimated_and_no_fall_is_made_up(tmp_path: Path) -> None:
    for report in islice(walk("random_tree_gradual", tmp_path, timedelta(days=36_500)), 8):
        assert report.performance is None
        assert report.estimate is not None
        assert report.estimate.trusted
        assert report.estimate.low > 0.95
        assert report.kinds == ()


def test_a_fall_is_dated_to_its_window_and_explained_by_the_column_that_moved_and_matters(tmp_path: Path) -> None:
    def breaks(table: pa.Table) -> pa.Table:
        """From window 6 on x1, which decides the label, is told too small; x2 keeps its values."""
        values = table["x1"].to_numpy().copy()
        values[6 * ROWS :] *= 0.6
        return table.set_column(table.column_names.index("x1"), "x1", pa.array(values))

    reports = list(islice(walk("random_tree_gradual", tmp_path, change=breaks), 9))
    assert not any(report.kinds for report in reports[:6])
    last = reports[-1]
    assert {"data", "model"} <= set(last.kinds)
    assert last.explained[0].column == "x1"
    assert last.since is not None
    assert last.since.row == 6 * ROWS
    assert insights(last).explanation.startswith("accuracy fell by 0.")
    assert "of it goes with x1" in insights(last).explanation
