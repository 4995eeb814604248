"""Worlds and daemons for the tests of this folder; every daemon is reaped, whatever becomes of its test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from live_daemon import PATIENCE, LiveDaemon
from live_worlds import MODEL, World
from stories import Story


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A folder with a config, a reference and an empty stream."""
    return World(tmp_path / "world").build()


@pytest.fixture
def daemon(world: World) -> Iterator[LiveDaemon]:
    """The world's daemon, not yet started."""
    with LiveDaemon(world.config, world.port) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a world whose first model was trained and whose daemon has stopped; to be copied."""
    world = World(tmp_path_factory.mktemp("first") / "world").build()
    with LiveDaemon(world.config, world.port) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.model(MODEL)["champion"] and daemon.idle(), "the first version")
        assert daemon.stop() == 0
    daemon.log.unlink()
    return world.folder


@pytest.fixture
def trained(first_version: Path, tmp_path: Path) -> World:
    """A world whose first version serves already, on a port of its own."""
    world = World(Path(shutil.copytree(first_version, tmp_path / "world")))
    world.write()
    return world


@pytest.fixture
def served(trained: World) -> Iterator[LiveDaemon]:
    """Its daemon, ready and with nothing to do."""
    with LiveDaemon(trained.config, trained.port) as daemon:
        daemon.start()
        yield daemon


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """The store of the test's world, read from its file."""
    return Story(tmp_path / "world" / "state" / "duetmind.db")


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def duetmind(tmp_path: Path) -> Callable[..., Outcome]:
    """Run `duetmind` with these arguments as a process of its own; no variable of the machine reaches it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DUETMIND_")}

    def run(*arguments: object, seconds: float = PATIENCE, **options: Any) -> Outcome:
        command = [sys.executable, "-m", "duetmind_adaptive", *map(str, arguments)]
        options = {"cwd": tmp_path, "env": environ} | options
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, **options)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
