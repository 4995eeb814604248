"""The real daemon is killed at fifty moments of the demo's loop; what it did is whole all the same.

The moments are drawn from a seed: while it starts, right after a window arrived, in the milliseconds after a check,
a claim, an alert or a switch was committed, and anywhere in a training. Two stages with half of the kills each, so
that two processes can test at a time. Another seed: DUETMIND_TEST_SEED=n.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from live_daemon import LiveDaemon, wait_for
from stories import ALERTS, Story, assert_champion_link, assert_whole, sha256_of

from duetmind_adaptive.cli.demo.daemon import free_port
from duetmind_adaptive.cli.demo.receiver import Receiver
from duetmind_adaptive.cli.demo.stage import MODEL, REFERENCE_ROWS, Stage
from duetmind_adaptive.settings.schedule import ScheduleSettings

#: of each stage
KILLS = 25
WINDOWS = 26
#: the stream begins where the demo's first model begins to fail, so that retrains happen from the first window on
FIRST_ROW = 8_560
#: the last rows before the demo's stream
REFERENCE = (REFERENCE_ROWS - 6_000, REFERENCE_ROWS)
#: windows small enough to have one for nearly every life
WINDOW_ROWS = 196
#: of one life, in seconds; a life whose moment does not come ends here
LONGEST_WAIT = 20.0
#: longer than any retry waits, and then the rest of the stream has to be checked
LAST_SECONDS = 120.0


class ShortStage(Stage):
    """The demo's stage with fewer and smaller windows, a smaller reference, and no limit to retrains."""

    @cached_property
    def edges(self) -> list[int]:
        """The first row of each window, and the end."""
        return [FIRST_ROW + i * WINDOW_ROWS for i in range(WINDOWS + 1)]

    def build(self, *, port: int, webhook: str) -> None:
        """As the demo does, then with this test's own sizes."""
        super().build(port=port, webhook=webhook)
        text = self.config.read_text()
        for old, new in {
            f"rows: {self.edges[1]}": f"rows: {WINDOW_ROWS}",
            "{path: reference.parquet}": f"{{path: reference.parquet, rows: {list(REFERENCE)}}}",
            "max_iter: 60": "max_iter: 30",
        }.items():
            assert text.count(old) == 1
            text = text.replace(old, new)
        self.config.write_text(text + "responses: {retrain_model: {max_auto_retrains_per_day: 1000}}\n")


class CountingReceiver(Receiver):
    """Counts each alert's arrivals."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: Counter[str] = Counter()

    def take(self, headers: Callable[[str], str], body: bytes) -> bool:
        """Count it if it is signed."""
        taken = super().take(headers, body)
        self.arrivals[headers("webhook-id")] += taken
        return taken


@dataclass
class LinkReader(threading.Thread):
    """Follows the champion link all the time, as a model server would, and verifies what it finds."""

    folder: Path
    story: Story
    reads: int = 0
    wrong: list[str] = field(default_factory=list[str])
    _seen: set[str] = field(default_factory=set[str])
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        link, was_there = self.folder / "champion", False
        while not self._over.wait(0.01):
            try:
                digest = sha256_of(link)
            except FileNotFoundError:
                if was_there or link.is_symlink():
                    self.wrong.append("the link was gone or led nowhere")
                continue
            was_there = True
            self.reads += 1
            if digest not in self._seen:
                served = self.story.one(
                    "SELECT 1 FROM versions JOIN reigns USING (model, version) WHERE sha256 = ?", digest
                )
                if served is None:
                    self.wrong.append(f"the link led to {digest}, which is no version that was ever promoted")
                self._seen.add(digest)

    def __enter__(self) -> LinkReader:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.join()


@dataclass
class Murder:
    """One daemon after the other on one stage, each killed at a moment of its own."""

    stage: ShortStage
    daemon: LiveDaemon
    story: Story
    chance: random.Random
    fed: int = 0
    moments: Counter[str] = field(default_factory=Counter[str])

    def live_and_die(self) -> None:
        """One life: start, feed, wait for the moment, SIGKILL."""
        moment = self.choose()
        self.moments[moment] += 1
        self.daemon.start(ready=False)
        MOMENTS[moment][1](self)
        assert self.daemon.alive, f"the daemon ended by itself with status {self.daemon.process.returncode}"
        self.daemon.kill()

    def choose(self) -> str:
        """The name of a moment; without a first version, one that does not wait for checks."""
        names = list(MOMENTS) if self.story.champion(MODEL) else BEFORE_THE_FIRST_VERSION
        return self.chance.choices(names, [MOMENTS[name][0] for name in names])[0]

    def feed(self) -> None:
        """The next window arrives, while there is one."""
        if self.fed < WINDOWS:
            self.stage.let_in(self.fed)
            self.fed += 1

    def pause(self, most: float) -> None:
        time.sleep(self.chance.uniform(0, most))

    def ready(self) -> None:
        """Ready, with the link at the store's champion whatever the last kill left."""
        self.daemon.wait_for(self.daemon.is_ready, "a daemon that is ready")
        if self.story.champion(MODEL) is not None:
            wait_for(self.link_is_right, "a champion link as the store says", 5)

    def link_is_right(self) -> bool:
        try:
            assert_champion_link(self.story, self.stage.folder / "state" / "models" / MODEL, MODEL)
        except AssertionError:
            return False
        return True

    def after_next(self, query: str, most: float) -> None:
        """Until what `query` counts has grown, and up to `most` seconds more."""
        before, deadline = self.story.one(query), time.monotonic() + LONGEST_WAIT
        while self.story.one(query) == before and time.monotonic() < deadline:
            time.sleep(0.005)
        self.pause(most)

    # ------------------------------------------------------------ moments

    def while_starting(self) -> None:
        self.pause(0.8)

    def after_arrival(self) -> None:
        self.ready()
        self.pause(1.0)
        self.feed()
        self.pause(0.3)

    def after_check(self) -> None:
        self.feed()
        self.after_next("SELECT count(*) FROM checks", 0.02)

    def after_alert(self) -> None:
        self.feed()
        self.after_next("SELECT count(*) FROM deliveries WHERE state = 'delivered'", 0.02)

    def after_claim(self) -> None:
        self.train()
        self.pause(0.02)

    def in_training(self) -> None:
        self.train()
        self.pause(2.0)

    def after_training(self) -> None:
        self.train()
        self.after_next("SELECT count(*) FROM versions", 0.01)

    def train(self) -> None:
        """Until a job is running, asked for here if need be."""
        self.feed()
        self.ready()
        if not self.story.one("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"):
            self.daemon.post(f"/api/v1/models/{MODEL}/retrain")
        wait_for(lambda: self.story.one("SELECT count(*) FROM jobs WHERE state = 'running'"), "a job")


#: name: (weight, what happens until the kill)
MOMENTS: dict[str, tuple[int, Callable[[Murder], Any]]] = {
    "while starting": (14, Murder.while_starting),
    "after a window arrived": (10, Murder.after_arrival),
    "after a check": (8, Murder.after_check),
    "after an alert": (5, Murder.after_alert),
    "after a claim": (4, Murder.after_claim),
    "in training": (7, Murder.in_training),
    "after training": (4, Murder.after_training),
}
BEFORE_THE_FIRST_VERSION = ["while starting", "in training", "after training"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("half", [1, 2])
def test_fifty_kills_lose_nothing_double_nothing_and_leave_nothing_half(half: int, tmp_path: Path) -> None:
    seed = int(os.environ.get("DUETMIND_TEST_SEED", "20081101")) * 2 + half
    print(f"seed {seed}")
    stage, port = ShortStage(tmp_path / "demo"), free_port()
    state = stage.folder / "state"
    story = Story(stage.store)
    reader = LinkReader(state / "models" / MODEL, story)
    with CountingReceiver() as receiver:
        stage.build(port=port, webhook=receiver.url)
        with LiveDaemon(stage.config, port, {"DUETMIND_DEMO_SECRET": receiver.secret}) as daemon:
            murder = Murder(stage, daemon, story, random.Random(seed))
            with reader:
                for _ in range(KILLS):
                    murder.live_and_die()
                print(dict(murder.moments))
                finish(murder)
            told = {event["data"]["alert"] for event in story.events("duetmind.alert.delivered")}
            raised = {event["id"] for event in story.events(*ALERTS)}
            quiet = {event["data"]["alert"] for event in story.events("duetmind.alert.suppressed")}
    assert reader.wrong == []
    assert reader.reads > 0
    assert set(receiver.arrivals) == told, "an alert did not arrive, or one arrived that was never raised"
    assert raised <= told | quiet, "an alert was neither told nor decided against"
    assert sum(receiver.arrivals.values()) <= len(told) + KILLS
    assert_whole(story, state, MODEL, ScheduleSettings.model_validate({"every": "1d"}))
    assert story.one("SELECT count(*) FROM checks") == WINDOWS
    assert_it_was_worth_killing(story)


def finish(murder: Murder) -> None:
    """Nobody kills any more: the rest arrives, everything is checked, every job and delivery ends."""
    daemon, story = murder.daemon, murder.story
    daemon.start()
    while murder.fed < WINDOWS:
        murder.feed()
    checked = "SELECT count(*) FROM checks"
    daemon.wait_for(lambda: story.one(checked) == WINDOWS, "a check of every window", LAST_SECONDS)
    daemon.wait_for(lambda: not story.open_work(), "the end of every job and delivery", LAST_SECONDS)
    assert daemon.stop() == 0
    assert not story.open_work()


def assert_it_was_worth_killing(story: Story) -> None:
    """The loop did happen: incidents were told, trainings were interrupted, challengers won and lost."""
    kinds = Counter(event["type"].removeprefix("duetmind.") for event in story.events())
    print(dict(kinds))
    assert kinds["drift.detected"] >= 1
    assert kinds["retrain.requested"] >= 2
    assert kinds["model.promoted"] + kinds["model.rejected"] >= 2
    assert story.one("SELECT max(attempt) FROM jobs") > 1
