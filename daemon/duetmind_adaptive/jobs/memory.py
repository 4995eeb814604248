"""How much memory this process may really use, and how much a process group does.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files (`memory.max`), version 1's
`memory.limit_in_bytes`, proc_meminfo(5), proc_pid_stat(5).
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from pathlib import Path

from duetmind_adaptive.jobs.cgroup import lineage, text

GB = 1024**3
#: version 1 says "no limit" with a number near 2**63
_NO_LIMIT = 1 << 60


def usable_memory() -> int:
    """Bytes: the machine's memory or the control group's limit, whichever is less."""
    return int(min(physical_memory(), memory_limit()))


def physical_memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def memory_limit(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float:
    """Bytes that the control group and its ancestors allow; infinite when nothing limits them."""
    limits = [parse_limit(text(folder / "memory.max")) for folder in lineage(root, text(membership))]
    return min([*limits, parse_limit(text(root / "memory" / "memory.limit_in_bytes"))])


def parse_limit(said: str) -> float:
    """A limit in bytes.

    >>> parse_limit("1073741824"), parse_limit("max"), parse_limit("9223372036854771712")
    (1073741824, inf, inf)
    """
    said = said.strip()
    return int(said) if said.isdecimal() and int(said) < _NO_LIMIT else math.inf


def memory_of_sessions(sessions: Collection[int], proc: Path = Path("/proc")) -> dict[int, int]:
    """Resident bytes of all processes of each session, pages that they share counted once for each process.

    A worker leads a session of its own, so this is the worker with everything that it started, joblib's included.
    """
    held = dict.fromkeys(sessions, 0)
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            session, resident = _resident(text(folder / "stat"))
            if session in held:
                held[session] += resident
    return held


def _resident(stat: str) -> tuple[int, int]:
    """Session and resident bytes of a process; (0, 0) of one that is gone.

    >>> fields = ["1"] * 52
    >>> _resident("77 (a) name) S " + " ".join(["5", "5", "9", *fields])) == (9, os.sysconf("SC_PAGE_SIZE"))
    True
    """
    fields = stat[stat.rfind(")") + 2 :].split()  # the name before may hold anything
    return (int(fields[3]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")) if len(fields) > 21 else (0, 0)
