"""What must be true of a daemon's store and folders whatever killed it when: read from the files themselves."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from duetmind_adaptive.service.schedule.slots import slots_between
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.store.tables import unstamp

#: the events that people are told of
ALERTS = ("duetmind.drift.detected", "duetmind.drift.resolved")
#: the events that a job's end makes, all in one transaction
STEPS = ("duetmind.retrain.succeeded", "duetmind.retrain.failed", "duetmind.model.promoted", "duetmind.model.rejected")


class Story:
    """The store of one state folder, read by a connection of its own each time."""

    def __init__(self, store: Path) -> None:
        self.path = store

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """What a query finds; nothing while there is no store yet."""
        if not self.path.exists():
            return []
        with self._connection() as connection:
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()

    def one(self, query: str, *values: object) -> Any:
        """The first column of the first row; None when there is none."""
        found = self.rows(query, *values)
        return found[0][0] if found else None

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The envelopes of these types (all by default), in the order of their commits."""
        bodies = [json.loads(row["body"]) for row in self.rows("SELECT body FROM events ORDER BY seq")]
        return [body for body in bodies if not kinds or body["type"] in kinds]

    def champion(self, model: str) -> sqlite3.Row | None:
        """The row of the version that serves."""
        found = self.rows("SELECT * FROM versions WHERE model = ? AND state = 'champion'", model)
        return found[0] if found else None

    def open_work(self) -> int:
        """Deliveries and jobs that are not over."""
        deliveries = self.one("SELECT count(*) FROM deliveries WHERE state IN ('pending', 'leased')") or 0
        return deliveries + (self.one("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')") or 0)


def sha256_of(path: Path) -> str:
    """Of the file's bytes, through any link."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_windows_checked_once(story: Story, model: str) -> None:
    """Each window has one check row and one event, the same; windows follow each other without gap or overlap."""
    rows = story.rows("SELECT first_row, last_row FROM checks WHERE model = ? ORDER BY first_row", model)
    checked = [(row["first_row"], row["last_row"]) for row in rows]
    events = story.events("duetmind.check.completed")
    windows = [(e["data"]["window"]["first_row"], e["data"]["window"]["last_row"]) for e in events]
    assert windows == checked, "events and rows tell of different windows, or in another order"
    assert all(before[1] == after[0] for before, after in pairwise(checked)), "windows leave a gap or overlap"
    assert not checked or checked[0][0] == 0
    assert story.one("SELECT next_row FROM cursors WHERE model = ?", model) == (checked[-1][1] if checked else None)


def assert_events_are_unique(story: Story) -> None:
    """No id twice."""
    repeated = [name for name, number in Counter(event["id"] for event in story.events()).items() if number > 1]
    assert repeated == []


def assert_deliveries_ended(story: Story) -> None:
    """Every delivery was made in the end, or decided against; none is open, none was given up."""
    assert {row["state"] for row in story.rows("SELECT DISTINCT state FROM deliveries")} <= {"delivered", "suppressed"}


def assert_retrains_are_whole(story: Story) -> None:
    """Each request has one job; a job that succeeded has one version and one verdict on it, a failed one neither."""
    told = defaultdict[str, list[str]](list)
    for event in story.events(*STEPS):
        told[event["data"]["job"]].append(event["type"])
    jobs = {row["id"]: row["state"] for row in story.rows("SELECT id, state FROM jobs")}
    requests = [event["id"] for event in story.events("duetmind.retrain.requested")]
    assert sorted(requests) == sorted(jobs), "a request without its job, or a job without its request"
    for job, state in jobs.items():
        versions = story.one("SELECT count(*) FROM versions WHERE job = ?", job)
        if state == "failed":
            assert (told[job], versions) == (["duetmind.retrain.failed"], 0)
            continue
        assert (state, versions) == ("succeeded", 1)
        assert told[job][0] == "duetmind.retrain.succeeded"
        assert told[job][1:] in (["duetmind.model.promoted"], ["duetmind.model.rejected"])


def assert_reigns_follow_each_other(story: Story, model: str) -> None:
    """One reign is open, and each began when the one before it ended."""
    reigns = story.rows("SELECT * FROM reigns WHERE model = ? ORDER BY id", model)
    assert [reign["until"] is None for reign in reigns] == [False] * (len(reigns) - 1) + [True]
    assert all(before["until"] == after["since"] for before, after in pairwise(reigns))
    champion = story.champion(model)
    assert champion is not None
    assert champion["version"] == reigns[-1]["version"]


def assert_no_slot_is_absent(story: Story, model: str, schedule: ScheduleSettings) -> None:
    """Every slot between the first and the last row has a row."""
    rows = story.rows("SELECT slot FROM slots WHERE model = ? ORDER BY slot", model)
    known = [unstamp(row["slot"]) for row in rows]
    between = [known[0], *slots_between(schedule, known[0], known[-1])]
    assert sorted(set(between)) == known


def assert_champion_link(story: Story, folder: Path, model: str) -> None:
    """The link leads to the artifact that the store names."""
    champion = story.champion(model)
    assert champion is not None
    assert sha256_of(folder / "champion") == champion["sha256"]


def assert_no_orphan_folders(story: Story, folder: Path, model: str) -> None:
    """Each version has its folder and each folder its version."""
    named = {
        json.loads(row["body"])["folder"] for row in story.rows("SELECT body FROM versions WHERE model = ?", model)
    }
    assert {path.name for path in (folder / "versions").iterdir()} == named


def assert_whole(story: Story, state: Path, model: str, schedule: ScheduleSettings) -> None:
    """Everything above, of a daemon that has come to rest."""
    folder = state / "models" / model
    assert_windows_checked_once(story, model)
    assert_events_are_unique(story)
    assert_deliveries_ended(story)
    assert_retrains_are_whole(story)
    assert_reigns_follow_each_other(story, model)
    assert_no_slot_is_absent(story, model, schedule)
    assert_champion_link(story, folder, model)
    assert_no_orphan_folders(story, folder, model)
    assert story.one("PRAGMA integrity_check") == "ok"
