"""What cannot work is said in one plain line, with exit status 2, at once: nobody finds out from a silent daemon."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, World, model_settings

#: the promise is 2 s; a test machine may be busy, and this bound is there to notice a daemon that hangs
PROMPT_SECONDS = 10.0

Duetmind = Callable[..., Any]


def refused(duetmind: Duetmind, config: Path) -> str:
    """The one line that `run` ends with."""
    done = duetmind("run", "--config", config, seconds=PROMPT_SECONDS)
    assert done.status == 2, done.err
    assert done.out == ""
    assert done.err.startswith("duetmind: ")
    assert done.err.count("\n") == 1, done.err
    return done.err


def loans(more: str, task: str = "binary") -> str:
    """A config of one model that lacks nothing, and what is wrong with it."""
    return f"models: {{loans: {{task: {task}, reference: {{path: a}}, production: {{path: a}}, {more}}}}}\n"


#: name: (the text put into the config, what the line must say)
BAD = {
    "not YAML": ("models: [", "not YAML"),
    "a list": ("- 1\n", "duetmind.yaml"),
    "an unknown section": ("modles: {}\n", "modles"),
    "an unknown key of a model": (loans("tagret: x"), "tagret"),
    "a task that is none": (loans("target: t", task="guess"), "guess"),
    "a model without data": ("models: {loans: {task: binary}}\n", "reference"),
    "a port that is none": ("http: {port: 99999}\n", "99999"),
    "a duration that is none": (loans("schedule: {every: soon}"), "soon"),
    "a cron line that is none": (loans("schedule: {cron: '61 * * * *'}"), "61"),
    "a time zone that is none": (loans("schedule: {cron: '0 6 * * *', timezone: Mars/Base}"), "Mars/Base"),
    "a pipeline that is nowhere": (loans("target: t, pipeline: nowhere"), "nowhere"),
    "a channel of no type": ("alerts: {channels: {ops: {type: pigeon}}}\n", "pigeon"),
    "a secret in plain sight": (
        "alerts: {channels: {ops: {type: webhook, url: 'https://example.com/h', secret: whsec_abcdefgh}}}\n",
        "secret",
    ),
    "a route to nowhere": ("alerts: {routes: [{channels: [pager]}]}\n", "pager"),
    "a store of another kind": ("store: {url: 'mysql://db/duetmind'}\n", "mysql"),
    "an open door without a token": ("http: {host: 0.0.0.0}\n", "http.token"),
    "a clock that stands still": ("clock: {speed: 0}\n", "speed"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_config_that_cannot_work_is_refused_in_one_line(name: str, duetmind: Duetmind, tmp_path: Path) -> None:
    text, said = BAD[name]
    config = tmp_path / "duetmind.yaml"
    config.write_text(text)
    line = refused(duetmind, config)
    assert said in line
    assert "whsec_abcdefgh" not in line
    assert not (tmp_path / "state").exists()


def test_a_config_that_is_not_there_is_named(duetmind: Duetmind, tmp_path: Path) -> None:
    assert "nowhere.yaml" in refused(duetmind, tmp_path / "nowhere.yaml")


def test_a_port_in_use_is_named(duetmind: Duetmind, world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", world.port))
        taken.listen()
        assert str(world.port) in refused(duetmind, world.config)


def test_a_second_daemon_on_one_state_folder_is_told_the_pid_of_the_first(
    duetmind: Duetmind, world: World, daemon: LiveDaemon
) -> None:
    daemon.start()
    second = World(world.folder)
    second.settings["models"] = {MODEL: model_settings()}
    other = world.folder / "other.yaml"
    shutil.copy(world.config, other)
    other.write_text(other.read_text().replace(str(world.port), str(second.port)))
    line = refused(duetmind, other)
    assert f"pid {daemon.process.pid}" in line
    assert daemon.is_ready()


def test_a_corrupt_database_is_said_and_kept(duetmind: Duetmind, world: World) -> None:
    world.store.parent.mkdir()
    world.store.write_bytes(b"SQLite format 3\x00" + b"\xff" * 8192)
    line = refused(duetmind, world.config)
    assert "duetmind.db" in line
    assert world.store.read_bytes().endswith(b"\xff" * 8192)


def test_a_store_of_a_newer_program_is_refused_untouched(duetmind: Duetmind, world: World, daemon: LiveDaemon) -> None:
    daemon.start()
    assert daemon.stop() == 0
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key LIKE '%version%'")
    assert "newer" in refused(duetmind, world.config)


@pytest.mark.parametrize("place", ["state folder", "database"])
def test_a_place_that_cannot_be_written_is_named(place: str, duetmind: Duetmind, world: World) -> None:
    """As a file in the folder's place: root, who may run the tests, is stopped by no permission."""
    state = world.folder / "state"
    if place == "state folder":
        state.write_text("in the way")
    else:
        (state / "duetmind.db").mkdir(parents=True)
    assert "state" in refused(duetmind, world.config)


def test_a_state_folder_that_others_could_read_keeps_its_token_to_itself(world: World, daemon: LiveDaemon) -> None:
    (world.folder / "state").mkdir(mode=0o755)
    daemon.start()
    assert stat.S_IMODE((world.folder / "state" / "http-token").stat().st_mode) == 0o600
