"""The real daemon dies at each named point of a window's story, from check to switch: it is whole all the same.

One drifted window sets all of it in motion: its check, an incident, an alert, a retrain, a promotion.
"""

from __future__ import annotations

import signal

import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, WINDOW, World
from stories import Story, assert_whole

from duetmind_adaptive.settings.schedule import ScheduleSettings

#: in the order in which one window's story reaches them; all of store and bus are `benchmarks.chaos_bus`'s affair
POINTS = [
    "check.before_commit",
    "check.after_commit",
    "bus.apply_acknowledged",
    "bus.effect_done",
    "jobs.claim_committed",
    "jobs.complete_begin",
    "jobs.complete_written",
    "jobs.complete_committed",
    "champion.before_switch",
    "champion.after_switch",
]
WINDOWS = 3


@pytest.fixture
def world(trained: World) -> World:
    """A world that turned round."""
    for _ in range(WINDOWS):
        trained.let_in(flipped=True, shifted=0.5)
    return trained


@pytest.mark.parametrize("point", POINTS)
def test_a_death_at_this_point_loses_nothing_and_doubles_nothing(
    point: str, world: World, daemon: LiveDaemon, story: Story
) -> None:
    daemon.start(failpoint=point, ready=False)
    assert daemon.dies_by_itself() == -signal.SIGKILL
    daemon.start()
    daemon.wait_for(lambda: story.one("SELECT count(*) FROM checks") == WINDOWS, "a check of every window")
    daemon.wait_for(lambda: not story.open_work(), "the end of every job and delivery")
    assert daemon.stop() == 0
    assert_whole(story, world.folder / "state", MODEL, ScheduleSettings.model_validate(world.models[MODEL]["schedule"]))
    assert story.one("SELECT max(last_row) FROM checks") == WINDOWS * WINDOW
    kinds = [event["type"] for event in story.events()]
    assert kinds.count("duetmind.drift.detected") == 1
    assert kinds.count("duetmind.retrain.requested") >= 2
    assert kinds.count("duetmind.model.promoted") >= 2
