"""Temporary folders that a kill leaves behind are removed by whoever comes next."""

import os
from pathlib import Path

import pytest

from duetmind_adaptive.jobs.scratch import scratch_folder, sweep

PREFIX = "duetmind-test-"


def test_folders_of_processes_that_are_no_more_are_swept(tmp_path: Path) -> None:
    dead, alive = tmp_path / f"{PREFIX}{2**22 + 7}-x", tmp_path / f"{PREFIX}{os.getpid()}-x"
    dead.mkdir()
    alive.mkdir()
    sweep(tmp_path, PREFIX)
    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_folder_is_its_owner_s_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = scratch_folder(PREFIX)
    assert (made.parent, made.stat().st_mode & 0o777) == (tmp_path, 0o700)
