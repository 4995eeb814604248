"""Production data as in real life: late, half-written, cut off, short of a column. It is said, then it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, START, WINDOW, World, model_settings, rows
from stories import Story

CHECKS = "SELECT count(*) FROM checks"
SLOTS = "SELECT count(*) FROM slots WHERE state != 'due'"


def checked(daemon: LiveDaemon, story: Story, windows: int) -> None:
    """Wait until so many windows are checked, and everything that follows is over."""
    daemon.wait_for(lambda: story.one(CHECKS) == windows, f"{windows} checks")
    daemon.wait_for(daemon.idle, "the end of what follows from them")


def several_slots(daemon: LiveDaemon, story: Story, number: int = 3) -> None:
    """Wait until the schedule has come round a few more times."""
    before = story.one(SLOTS)
    daemon.wait_for(lambda: story.one(SLOTS) >= before + number, f"{number} more slots")


def failures(story: Story) -> list[dict[str, Any]]:
    """What the events say of checks that could not be made, save that the folder was empty before the first rows."""
    told = [event["data"] for event in story.events("duetmind.check.failed")]
    return [each for each in told if not each["message"].startswith("no .parquet")]


def test_rows_of_a_growing_folder_are_read_once_and_in_order_across_its_files(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    """Files smaller and larger than a window, and a rest that waits for more."""
    for count in (WINDOW - 100, 300, 2 * WINDOW, 50):
        trained.let_in(count)
    checked(served, story, 3)
    windows = [row["first_row"] for row in story.rows("SELECT first_row FROM checks ORDER BY first_row")]
    assert windows == [0, WINDOW, 2 * WINDOW]
    trained.let_in(WINDOW)
    checked(served, story, 4)
    assert failures(story) == []


def test_a_csv_file_that_grows_line_by_line_is_read_as_far_as_it_is_whole(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    """Its last line is cut in the middle of a number."""
    path = trained.folder / "stream" / "part-0000.csv"
    lines = csv_lines(rows(0, WINDOW))
    path.write_text("".join(lines)[:-7])
    several_slots(served, story)
    assert story.one(CHECKS) == 0
    with path.open("a") as file:
        file.write(lines[-1][-7:])
    checked(served, story, 1)
    assert failures(story) == []


def test_a_parquet_file_that_is_still_being_written_is_told_once_and_read_when_it_is_complete(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    trained.let_in()
    checked(served, story, 1)
    path, content = half_written(trained)
    served.wait_for(lambda: failures(story), "news of the file")
    several_slots(served, story)
    assert [failure["reason"] for failure in failures(story)] == ["source_incomplete"]
    assert path.name in failures(story)[0]["message"]
    assert path.name in served.model(MODEL)["problem"]
    assert served.is_ready()
    path.write_bytes(content)
    checked(served, story, 2)
    served.wait_for(lambda: served.model(MODEL)["problem"] is None, "the end of the problem")
    half_written(trained)
    served.wait_for(lambda: len(failures(story)) == 2, "news of the next file")


def test_a_problem_that_outlasts_a_restart_is_not_told_again(served: LiveDaemon, trained: World, story: Story) -> None:
    half_written(trained)
    served.wait_for(lambda: failures(story), "news of the file")
    assert served.stop() == 0
    served.start()
    several_slots(served, story)
    assert len(failures(story)) == 1


def test_a_file_that_was_cut_off_is_an_event_and_its_rows_are_not_skipped(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    path, content = half_written(trained)
    trained.let_in()
    served.wait_for(lambda: [f for f in failures(story) if f["reason"] == "source_truncated"], "news of the file")
    assert story.one(CHECKS) == 0
    path.write_bytes(content)
    checked(served, story, 2)
    assert served.model(MODEL)["problem"] is None


def test_a_file_that_was_rewritten_shorter_is_an_event_and_the_cursor_stays(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    path = trained.folder / "stream" / "part-0000.csv"
    lines = csv_lines(rows(0, WINDOW + 100))
    path.write_text("".join(lines))
    checked(served, story, 1)
    path.write_text("".join(lines[:200]))
    served.wait_for(lambda: failures(story), "news of the file")
    assert failures(story)[0]["reason"] == "source_truncated"
    path.write_text("".join(lines + csv_lines(rows(WINDOW + 100, WINDOW))[1:]))
    checked(served, story, 2)
    windows = [row["first_row"] for row in story.rows("SELECT first_row FROM checks ORDER BY first_row")]
    assert windows == [0, WINDOW]


def test_a_lost_column_is_a_finding_and_an_incident_of_quality_and_nothing_learns_from_it(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    table = rows(0, WINDOW, flipped=True, shifted=1.0)
    trained.add(table.drop_columns(["income"]))
    checked(served, story, 1)
    check = story.events("duetmind.check.completed")[0]["data"]
    assert ("missing_column", "income") in [(finding["code"], finding["column"]) for finding in check["findings"]]
    told = story.events("duetmind.drift.detected")
    assert [event["data"]["cause"] for event in told] == ["quality"]
    incidents = served.get("/api/v1/incidents")["items"]
    assert [(incident["cause"], incident["state"]) for incident in incidents] == [("quality", "open")]
    assert [event["data"]["reason"] for event in story.events("duetmind.retrain.requested")] == ["initial"]
    trained.next_row = WINDOW
    trained.let_in()
    trained.let_in()
    checked(served, story, 3)
    assert [event["data"]["cause"] for event in story.events("duetmind.drift.resolved")] == ["quality"]


def test_a_folder_that_is_gone_is_told_and_its_return_goes_on(served: LiveDaemon, trained: World, story: Story) -> None:
    trained.let_in()
    checked(served, story, 1)
    stream = trained.folder / "stream"
    stream.rename(trained.folder / "elsewhere")
    served.wait_for(lambda: failures(story), "news of the folder")
    assert failures(story)[0]["reason"] == "source_missing"
    (trained.folder / "elsewhere").rename(stream)
    trained.let_in()
    checked(served, story, 2)


# ---------------------------------------------------------------- labels

#: simulated seconds per second
SPEED = 43_200
#: six seconds of real time
DELAY = timedelta(days=3)
ANCHOR_START = START + timedelta(days=30)


@pytest.fixture
def late(tmp_path: Path) -> Iterator[tuple[World, LiveDaemon]]:
    """A daemon in accelerated time whose labels come in files of their own, three simulated days late."""
    world = World(tmp_path / "world")
    labels = {"path": "labels", "key": "id", "delay": "3d"}
    world.settings["models"] = {MODEL: model_settings(labels=labels, schedule={"every": "12h"})}
    anchor = datetime.now(UTC)
    world.settings["clock"] = {
        "speed": SPEED,
        "start": ANCHOR_START.isoformat(),
        "anchor": anchor.isoformat(),
    }
    world.build()
    world.add(rows(-1500, 1500).select(["id", "target"]), folder="labels")
    with LiveDaemon(world.config, world.port) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.model(MODEL)["champion"] and daemon.idle(), "the first version")
        yield world, daemon


def test_labels_that_come_late_in_another_file_are_measured_and_told_then(
    late: tuple[World, LiveDaemon], story: Story
) -> None:
    world, daemon = late
    table = let_in_unlabelled(world, START)  # long past, so that only the label file is missing
    checked(daemon, story, 1)
    assert completed(story, 0)["metric"] is None
    world.add(table, folder="labels")
    let_in_unlabelled(world, START)
    checked(daemon, story, 2)
    (performance,) = completed(story, 1)["late"]
    assert performance["window"]["first_row"] == 0
    assert performance["metric"] > 0.8
    assert story.one("SELECT metric FROM checks WHERE first_row = 0") == performance["metric"]
    assert story.one("SELECT labelled FROM checks WHERE first_row = 0") == 1


def test_labels_that_are_there_before_their_delay_is_over_are_not_known_yet(
    late: tuple[World, LiveDaemon], story: Story
) -> None:
    """As in a replay of history, where every label is in the file from the start."""
    world, daemon = late
    world.add(let_in_unlabelled(world, START), folder="labels")
    checked(daemon, story, 1)  # the worker is warm from here on
    moment = simulated_now(world)
    world.add(let_in_unlabelled(world, moment), folder="labels")
    checked(daemon, story, 2)
    in_time = datetime.fromisoformat(story.one("SELECT at FROM checks WHERE first_row = ?", WINDOW)) < moment + DELAY
    assert completed(story, 1)["metric"] is None or not in_time  # a busy machine may be that late
    daemon.wait_for(lambda: simulated_now(world) > moment + DELAY, "the delay's end")
    world.add(let_in_unlabelled(world, simulated_now(world)), folder="labels")
    checked(daemon, story, 3)
    assert story.one("SELECT metric FROM checks WHERE first_row = ?", WINDOW) is not None


def completed(story: Story, index: int) -> dict[str, Any]:
    """The data of one `check.completed`."""
    return story.events("duetmind.check.completed")[index]["data"]


def simulated_now(world: World) -> datetime:
    clock = world.settings["clock"]
    return ANCHOR_START + (datetime.now(UTC) - datetime.fromisoformat(clock["anchor"])) * SPEED


def let_in_unlabelled(world: World, moment: datetime) -> pa.Table:
    """The next window arrives without its truth, every row dated `moment`; returns keys and truth."""
    table = rows(world.next_row, WINDOW)
    world.next_row += WINDOW
    stamps = pa.array([moment] * WINDOW, pa.timestamp("us", tz="UTC"))
    unlabelled = table.drop_columns(["target"])
    world.add(unlabelled.set_column(unlabelled.column_names.index("timestamp"), "timestamp", stamps))
    return table.select(["id", "target"])


def half_written(world: World) -> tuple[Path, bytes]:
    """The next window's file appears with half of its bytes; returns it and what it should hold."""
    table = world.let_in()
    path = max((world.folder / "stream").iterdir())
    assert pq.read_metadata(path).num_rows == table.num_rows
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path, content


def csv_lines(table: pa.Table) -> list[str]:
    """The header and a line per row."""
    values = [",".join(str(value) for value in row.values()) + "\n" for row in table.to_pylist()]
    return [",".join(table.column_names) + "\n", *values]
