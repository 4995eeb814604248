"""How many CPUs this process may really use: the scheduler's affinity and the control group's quota, whichever is less.

Sources: sched_setaffinity(2); https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files (`cpu.max`) and
https://docs.kernel.org/scheduler/sched-bwc.html (version 1).
"""

from __future__ import annotations

import math
import os
from pathlib import Path


def usable_cpus() -> int:
    """Whole CPUs to keep busy, at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.floor(min(affinity, cpu_quota())))


def cpu_quota(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float:
    """CPUs the control group and its ancestors allow; infinite when nothing limits them."""
    limits = [parse_cpu_max(_text(folder / "cpu.max")) for folder in _lineage(root, _text(membership))]
    v1 = root / "cpu"
    limits.append(parse_cpu_max(f"{_text(v1 / 'cpu.cfs_quota_us')} {_text(v1 / 'cpu.cfs_period_us')}"))
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


def _lineage(root: Path, membership: str) -> list[Path]:
    """The version 2 group's folder and those above it, up to `root`."""
    path = next((line[3:] for line in membership.splitlines() if line.startswith("0::")), "/")
    folder = root / path.strip("/")
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
