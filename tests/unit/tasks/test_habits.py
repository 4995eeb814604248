"""What a model does by nature at some hours is learned from its hold-out; what goes beyond it is a fall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.calm_world import Change, World, deploy, walk
from duetmind_adaptive.registry.layout import HOLDOUT
from duetmind_adaptive.tasks.habits import Habits, habits_of
from duetmind_adaptive.tasks.holdout import FEWEST_RUNS, HOLDOUT_ROWS, read_holdout
from duetmind_adaptive.tasks.view import stored

NIGHTS = World("errors by the hour", season_of_errors=0.4, reference=7 * 24)


def test_a_version_without_hold_out_has_no_habits(tmp_path: Path) -> None:
    assert habits_of(tmp_path).of_metric(1_000, 0.0) == (0.0, 0.0, 0.0)
    assert Habits().answers is None


def test_hours_at_which_the_model_errs_are_expected_and_a_fall_beyond_them_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    deployed = deploy(NIGHTS, rng, tmp_path)
    natural = habits_of(deployed.version.folder).natural
    assert natural is not None
    assert "hour of day" in natural.seasons
    reports = list(walk(deployed, 48, rng))
    values = [report.performance.reading.value for report in reports if report.performance]
    assert max(values) - min(values) > 0.08
    assert not any(report.drift for report in reports)
    fell = list(walk(deployed, 6, rng, Change("worse", noise=0.3)))
    assert {"model", "concept"} <= set(fell[-1].kinds)


def test_of_a_long_hold_out_whole_windows_are_kept_evenly_spaced(tmp_path: Path) -> None:
    deployed = deploy(World("long", reference=60), np.random.default_rng(2), tmp_path)
    table = stored(deployed.version.folder / HOLDOUT)
    assert table is not None
    held = read_holdout(table)
    assert held.run == 1_000
    assert FEWEST_RUNS * 1_000 < table.num_rows <= HOLDOUT_ROWS


@pytest.mark.parametrize("world", [World("dependent", alike=0.7), World("late", delay=3)])
def test_a_day_of_whole_checks_of_unchanged_rows_tells_nothing_and_a_turned_relation_is_told(
    world: World, tmp_path: Path
) -> None:
    """A day of what `benchmarks calm` simulates for months."""
    rng = np.random.default_rng(3)
    deployed = deploy(world, rng, tmp_path)
    assert not any(report.drift for report in walk(deployed, 24, rng))
    turned = Change("turned", turned=-1.0, within=0.8)
    reports = list(walk(deployed, 4 + world.delay, rng, turned))
    assert any("concept" in report.kinds for report in reports)
    assert any("x1 > " in segment.where for report in reports for segment in report.segments)
