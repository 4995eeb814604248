"""Whatever a job hands back to the daemon: nothing of it runs there, and the outcome is one clear sentence."""

import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import worker_tasks

from duetmind_adaptive.errors import ColumnMissingError, JobError
from duetmind_adaptive.jobs import pool as pools
from duetmind_adaptive.jobs.pool import ProcessPool

LIMIT = timedelta(seconds=60)


def suffixes(folder: Path) -> list[str]:
    return [path.suffix for path in folder.iterdir()]


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    async with ProcessPool(size=2, guarded=True) as made:
        yield made


async def test_values_and_objects_of_ours_come_back_as_they_are(pool: ProcessPool, tmp_path: Path) -> None:
    assert await pool.run(worker_tasks.values, str(tmp_path), timeout=LIMIT) == worker_tasks.values(str(tmp_path))


async def test_numpy_s_numbers_come_back_as_python_s(pool: ProcessPool) -> None:
    answer = await pool.run(worker_tasks.measured, timeout=LIMIT)
    assert answer == {"mean": 0.5, "rows": 7, "better": True}
    assert [type(value) for value in answer.values()] == [float, int, bool]


async def test_a_result_s_code_never_runs_in_the_service(pool: ProcessPool, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    with pytest.raises(JobError, match=r"^The answer of job train loans cannot be read: .* is not a plain value\.$"):
        await pool.run(worker_tasks.trap, str(trap), timeout=LIMIT, label="train loans")
    assert not trap.exists()


async def test_an_object_of_a_job_s_own_class_is_refused(pool: ProcessPool) -> None:
    with pytest.raises(JobError, match=r"worker_tasks\.Noted is not a plain value"):
        await pool.run(worker_tasks.noted, "x", timeout=LIMIT)


async def test_an_error_s_code_never_runs_in_the_service_and_its_text_is_kept(
    pool: ProcessPool, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=r"^Job train loans failed with TrapError: .*sprung$"):
        await pool.run(worker_tasks.raise_trap, str(tmp_path / "sprung"), timeout=LIMIT, label="train loans")
    assert f".{os.getpid()}" not in suffixes(tmp_path)


async def test_errors_of_ours_and_of_the_language_come_back_as_themselves(pool: ProcessPool) -> None:
    with pytest.raises(ColumnMissingError, match=r"^column age is not there$"):
        await pool.run(worker_tasks.refuse, "age", timeout=LIMIT)
    with pytest.raises(ZeroDivisionError):
        await pool.run(worker_tasks.zero, timeout=LIMIT)
    with pytest.raises(JobError, match="AwkwardError: one and two"):
        await pool.run(worker_tasks.raise_awkwardly, timeout=LIMIT)


async def test_no_module_of_a_job_is_loaded_for_its_error(pool: ProcessPool) -> None:
    with pytest.raises(JobError, match="NoSuchMailboxError: bad markup"):
        await pool.run(worker_tasks.raise_unknown, timeout=LIMIT)
    assert "mailbox" not in sys.modules


async def test_a_huge_result_is_refused_before_it_is_read_and_the_next_task_runs(
    pool: ProcessPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "MOST_BYTES", 1_000_000)
    with pytest.raises(JobError, match=r"^Job big returned 5 MB, and 1 may be; have it leave them in a file\.$"):
        await pool.run(worker_tasks.large, 5_000_000, timeout=LIMIT, label="big")
    assert await pool.run(worker_tasks.double, 1, timeout=LIMIT) == 2


async def test_a_function_of_a_script_is_refused_before_a_process_is_started(pool: ProcessPool) -> None:
    def function() -> None:
        """As one that somebody typed."""

    function.__module__ = "__main__"
    with pytest.raises(JobError, match=r"it is defined in a script; give it a module of its own\.$"):
        await pool.run(function, timeout=LIMIT)
    assert pool.load.processes == 0
