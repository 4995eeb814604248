"""One daemon per state folder, even after kill -9."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from duetmind_adaptive.errors import StoreBusyError, StoreError
from duetmind_adaptive.service.lock import StateLock

HOLDER = """
import pathlib, sys, time
from duetmind_adaptive.service.lock import StateLock
with StateLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with StateLock(tmp_path / "state"), pytest.raises(StoreBusyError, match=rf"\(pid {os.getpid()}\) works on "):
        StateLock(tmp_path / "state").__enter__()
    with StateLock(tmp_path / "state") as lock:
        assert lock.path.read_text() == f"{os.getpid()}\n"
        assert lock.path.stat().st_mode & 0o777 == 0o600


def test_the_kernel_lets_go_of_the_lock_of_a_killed_daemon(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusyError, match=f"pid {holder.pid}"):
            StateLock(tmp_path).__enter__()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with StateLock(tmp_path):
            pass


def test_a_process_the_daemon_starts_does_not_inherit_the_lock(tmp_path: Path) -> None:
    with StateLock(tmp_path):
        child = subprocess.Popen(
            [sys.executable, "-c", "print('up', flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        with StateLock(tmp_path):
            pass
        child.communicate(b"\n")


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used: "):
        StateLock(tmp_path / "file" / "state").__enter__()
