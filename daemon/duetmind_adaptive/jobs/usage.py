"""What the processes of a session really use. Source: proc_pid_stat(5), proc_pid_status(5)."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from duetmind_adaptive.jobs.cgroup import text


class Usage(NamedTuple):
    """What processes use together."""

    #: resident bytes now, without pages of files: those are shared, and the kernel takes them back
    memory: int = 0
    #: so far, that of processes which ended and were waited for included
    cpu_seconds: float = 0.0
    #: how many there are
    processes: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(self.memory + other.memory, self.cpu_seconds + other.cpu_seconds, self.processes + other.processes)


def usage_of_sessions(sessions: Collection[int], proc: Path = Path("/proc")) -> dict[int, Usage]:
    """What all processes of each session use together, memory that they share counted once for each process.

    A worker leads a session of its own, so this is the worker with everything that it started, joblib's included.
    Zero where there is no /proc.
    """
    used = dict.fromkeys(sessions, Usage())
    for folder in proc.iterdir() if used and proc.is_dir() else ():
        if folder.name.isdecimal():
            session, cpu_seconds = _of_process(text(folder / "stat"))
            if session in used:
                used[session] = used[session].plus(Usage(_memory(text(folder / "status")), cpu_seconds, 1))
    return used


def _of_process(stat: str) -> tuple[int, float]:
    """Session, and seconds of CPU; nothing of a process that is gone.

    >>> ticks = os.sysconf("SC_CLK_TCK")
    >>> fields = ["S", "5", "5", "9", *"0000000", f"{ticks}", f"{ticks}", "0", f"{ticks}"]
    >>> _of_process("77 (a) name) " + " ".join(fields))
    (9, 3.0)
    """
    fields = stat[stat.rfind(")") + 2 :].split()  # the name before may hold anything
    if len(fields) < 15:
        return 0, 0.0
    ticks = sum(map(int, fields[11:15]))  # user and system, its own and of children that it waited for
    return int(fields[3]), ticks / os.sysconf("SC_CLK_TCK")


def _memory(status: str) -> int:
    r"""Resident bytes that are a process's own, and those in shared memory.

    >>> _memory("Name: x\nRssAnon:\t 100 kB\nRssFile:\t 900 kB\nRssShmem:\t 1 kB\n") // 1024
    101
    """
    lines = (line.split() for line in status.splitlines() if line.startswith(("RssAnon:", "RssShmem:")))
    return sum(int(kilobytes) * 1024 for _, kilobytes, *_ in lines)
