"""The control group that this process is in: its folder and those above it, whose limits all hold.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

from pathlib import Path


def lineage(root: Path, membership: str) -> list[Path]:
    """The version 2 group's folder and those above it, up to `root`; `membership` is /proc/self/cgroup's text.

    >>> [str(folder) for folder in lineage(Path("/sys/fs/cgroup"), "0::/a.slice/b")]
    ['/sys/fs/cgroup/a.slice/b', '/sys/fs/cgroup/a.slice', '/sys/fs/cgroup']
    """
    path = next((line[3:] for line in membership.splitlines() if line.startswith("0::")), "/")
    folder = root / path.strip("/")
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


def text(path: Path) -> str:
    """What a file of the kernel's says; nothing where there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""
