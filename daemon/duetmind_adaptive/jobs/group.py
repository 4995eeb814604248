"""Whether anything of a process group still lives.

A killed process may take its time: while a disk or a network file system
does not answer, it sleeps where no signal reaches it, and holds its memory.

Source: proc_pid_stat(5).
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from duetmind_adaptive.jobs.cgroup import text

#: seconds between two looks at a group that does not die: at first, and at most
FIRST_LOOK, LONGEST_LOOK = 0.01, 1.0
#: what is dead and only waits to be reaped, by whoever adopted it
_DEAD = frozenset("ZX")


async def gone(group: int) -> None:
    """Return once no process of the group lives, however long that takes."""
    wait = FIRST_LOOK
    while await asyncio.to_thread(lives, group):
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_LOOK)


def lives(group: int, proc: Path = Path("/proc")) -> bool:
    """Whether a process of the group lives; one that is only not reaped yet does not."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if sys.platform != "linux":
        return True
    stats = (text(folder / "stat") for folder in proc.iterdir() if folder.name.isdecimal())
    return any(_lives_in(stat, group) for stat in stats)


def _lives_in(stat: str, group: int) -> bool:
    """Whether it is the stat of a living process of the group.

    >>> _lives_in("7 (a) name) D 1 5 5", 5), _lives_in("7 (a) name) Z 1 5 5", 5), _lives_in("", 5)
    (True, False, False)
    """
    fields = stat[stat.rfind(")") + 2 :].split()  # the name before may hold anything
    return len(fields) > 2 and int(fields[2]) == group and fields[0] not in _DEAD
