"""Named points where a test may kill the process, so that recovery is shown at each of them rather than argued.

`DUETMIND_FAILPOINT=name:nth` arms one point: the nth time it is reached, the process gets SIGKILL, as if the power
had gone. Unarmed, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
import threading

from duetmind_adaptive.errors import ConfigError

#: `name:nth`; nth counts from 1 and may be left out
VARIABLE = "DUETMIND_FAILPOINT"


class Failpoint:
    """One armed point and how often it still has to be reached. Safe to reach from any thread."""

    def __init__(self, name: str, nth: int) -> None:
        self.name = name
        self._left = nth
        self._lock = threading.Lock()

    def reached(self, name: str) -> bool:
        """Count one more arrival at `name`; True when it is the one to die at."""
        if name != self.name:
            return False
        with self._lock:
            self._left -= 1
            return self._left == 0


def parse(value: str | None) -> Failpoint | None:
    """Read the variable's value.

    >>> parse("store.before_commit:3").name
    'store.before_commit'
    >>> parse(None) is parse("") is None
    True
    """
    if not value:
        return None
    name, _, nth = value.partition(":")
    if not (nth or "1").isdecimal() or int(nth or "1") < 1:
        msg = f"{VARIABLE}={value}: expected name:nth with nth a whole number from 1 on"
        raise ConfigError(msg)
    return Failpoint(name, int(nth or "1"))


_armed = parse(os.environ.get(VARIABLE))


def arm(value: str | None) -> None:
    """Arm another point than the environment names, for a harness that forks; None disarms."""
    global _armed  # noqa: PLW0603 - the one switch of this module, read on every hot path
    _armed = parse(value)


def failpoint(name: str) -> None:
    """Die here if this point is armed and its turn has come."""
    if _armed is not None and _armed.reached(name):
        os.kill(os.getpid(), signal.SIGKILL)
