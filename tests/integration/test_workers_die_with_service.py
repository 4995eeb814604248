"""A service's workers, and what they started, never outlive it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

SUPPORT = Path(__file__).parents[1] / "support"


def start(folder: Path, mode: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    return subprocess.Popen([sys.executable, SUPPORT / "doomed_service.py", folder, mode], env=environment)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_descendant_lives_two_seconds_after_the_service_was_killed(tmp_path: Path, number: signal.Signals) -> None:
    """Five busy workers, one deaf to TERM, one holding the interpreter lock in C, one with two joblib processes."""
    service = start(tmp_path, "kill")
    try:
        assert wait_for(lambda: len(list(tmp_path.iterdir())) == 6, 60)
        family = psutil.Process(service.pid).children(recursive=True)
    finally:
        service.send_signal(number)
        service.wait()
    psutil.wait_procs(family, timeout=2)
    assert {int(path.name) for path in tmp_path.iterdir()} <= {process.pid for process in family}
    assert [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_program_that_forgets_to_close_its_pool_still_ends(tmp_path: Path) -> None:
    program = start(tmp_path, "forget")
    assert program.wait(timeout=60) == 7
