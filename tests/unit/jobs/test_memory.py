"""Memory as the control group and the process table tell it."""

from __future__ import annotations

import math
import os
from pathlib import Path

from duetmind_adaptive.jobs.memory import GB, memory_limit, usable_memory
from duetmind_adaptive.jobs.usage import Usage, usage_of_sessions


def test_the_smallest_limit_of_the_group_and_its_ancestors_counts(tmp_path: Path) -> None:
    group = tmp_path / "a.slice" / "b.service"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (tmp_path / "a.slice" / "memory.max").write_text(f"{3 * GB}\n")
    (tmp_path / "membership").write_text("0::/a.slice/b.service\n")
    assert memory_limit(tmp_path, tmp_path / "membership") == 3 * GB


def test_nothing_limits_where_no_group_says_so(tmp_path: Path) -> None:
    assert memory_limit(tmp_path, tmp_path / "none") == math.inf
    assert 0 < usable_memory() < 1 << 60


def test_a_session_holds_what_its_processes_do_and_others_are_not_counted() -> None:
    session = os.getsid(0)
    used = usage_of_sessions([session, 999_999_999])
    assert used[session].memory > 10_000_000
    assert used[session].cpu_seconds > 0
    assert used[999_999_999] == Usage()
