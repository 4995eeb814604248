import math
from pathlib import Path

from duetmind_adaptive.jobs.cpus import cpu_quota, usable_cpus


def test_the_smallest_quota_of_the_group_and_its_ancestors_counts(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    leaf = root / "system.slice" / "duetmind.service"
    leaf.mkdir(parents=True)
    (leaf / "cpu.max").write_text("max 100000\n")
    (leaf.parent / "cpu.max").write_text("150000 100000\n")
    membership = tmp_path / "membership"
    membership.write_text("0::/system.slice/duetmind.service\n")
    assert cpu_quota(root, membership) == 1.5


def test_a_container_s_own_root_group_counts(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    (tmp_path / "membership").write_text("0::/\n")
    assert cpu_quota(tmp_path, tmp_path / "membership") == 2.0


def test_version_one_groups_count(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cpu_quota(tmp_path, tmp_path / "absent") == 0.5


def test_without_control_groups_nothing_limits(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "absent", tmp_path / "absent") == math.inf
    assert usable_cpus() >= 1
