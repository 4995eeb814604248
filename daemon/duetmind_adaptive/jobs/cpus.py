"""How many CPUs this process may really use: the scheduler's affinity and the control group's quota, whichever is less.

Sources: sched_setaffinity(2); https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files (`cpu.max`) and
https://docs.kernel.org/scheduler/sched-bwc.html (version 1).
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from duetmind_adaptive.jobs.cgroup import lineage, text


def usable_cpus() -> int:
    """Whole CPUs to keep busy, at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.floor(min(affinity, cpu_quota())))


def cpu_quota(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float:
    """CPUs the control group and its ancestors allow; infinite when nothing limits them."""
    limits = [parse_cpu_max(text(folder / "cpu.max")) for folder in lineage(root, text(membership))]
    v1 = root / "cpu"
    limits.append(parse_cpu_max(f"{text(v1 / 'cpu.cfs_quota_us')} {text(v1 / 'cpu.cfs_period_us')}"))
    return min(limits)


def parse_cpu_max(text: str) -> float:
    """Quota over period, in CPUs.

    >>> parse_cpu_max("150000 100000"), parse_cpu_max("max 100000"), parse_cpu_max("-1 100000")
    (1.5, inf, inf)
    """
    match text.split():
        case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):
            return int(quota) / int(period)
        case _:
            return math.inf
