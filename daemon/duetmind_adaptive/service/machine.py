"""What there is to share out: the memory this process may use, from its cgroup or the machine."""

from __future__ import annotations

import os
from pathlib import Path

GIB = 1024**3


def memory_gb(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> float:
    """Gibibytes: the cgroup's limit where there is one, the machine's memory where not."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        text = limit.read_text().strip()
    except OSError:
        text = "max"
    bound = min(int(text), machine) if text.isdecimal() else machine
    return round(bound / GIB, 2)
