"""A failpoint kills at its turn, and costs nothing unarmed."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.failpoints import failpoint, parse

PROGRAM = """
from duetmind_adaptive.failpoints import failpoint
for number in range(5):
    print(number, flush=True)
    failpoint("here")
"""


def test_an_unarmed_point_does_nothing():
    failpoint("here")


@pytest.mark.parametrize(("value", "printed"), [("here:3", "0 1 2"), ("here", "0"), ("there:1", "0 1 2 3 4")])
def test_the_process_dies_at_the_nth_arrival(value, printed):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"DUETMIND_FAILPOINT": value}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == printed.split()
    assert done.returncode == (0 if printed.endswith("4") else -signal.SIGKILL)


@pytest.mark.parametrize("value", ["here:0", "here:x", "here:-1"])
def test_a_value_that_cannot_be_read_is_refused(value):
    with pytest.raises(ConfigError, match="expected name:nth"):
        parse(value)
