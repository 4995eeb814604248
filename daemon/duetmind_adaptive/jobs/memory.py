"""How much memory this process may really use.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files (`memory.max`), version 1's
`memory.limit_in_bytes`, proc_meminfo(5).
"""

from __future__ import annotations

import math
import os
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
