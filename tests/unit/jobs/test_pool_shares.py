"""What tasks of the pool hold while they run: their share is what they see, and is free only when they are dead."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import worker_tasks

from duetmind_adaptive.contracts import Claim
from duetmind_adaptive.errors import JobTimeoutError, ResourceError
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.resources import Capacity
from duetmind_adaptive.jobs.share import THREAD_LIMITS

LIMIT = timedelta(seconds=30)
GRACE = timedelta(seconds=0.2)
GPUS = "CUDA_VISIBLE_DEVICES"
MACHINE = Capacity(cpu_cores=2, memory_gb=8, gpus=(1, 4))


def marked(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


async def test_numeric_libraries_get_as_many_threads_as_cores_are_granted() -> None:
    async with ProcessPool(capacity=MACHINE) as pool:
        seen = [
            await pool.run(worker_tasks.environment, name, timeout=LIMIT, claim=Claim(cpu_cores=cores))
            for cores in (1, 1.5, 9, 0.5)
            for name in THREAD_LIMITS[:2]
        ]
    assert seen == ["1", "1", "2", "2", "2", "2", "1", "1"]


async def test_processes_that_a_task_of_several_cores_starts_have_a_thread_each() -> None:
    """Also the fork server of its own: a fork of a process with OpenMP's threads may wait for ever."""
    async with ProcessPool(capacity=MACHINE) as pool:
        both = [
            await pool.run(task, THREAD_LIMITS[0], timeout=2 * LIMIT, claim=Claim(cpu_cores=2))
            for task in (worker_tasks.environment_below, worker_tasks.environment_below, worker_tasks.environment)
        ]
    assert both == ["1", "1", "2"]


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_task_sees_the_gpus_that_it_was_granted_and_no_others(fresh: bool) -> None:
    async with ProcessPool(capacity=MACHINE) as pool:
        shown = [
            await pool.run(
                worker_tasks.environment,
                "CUDA_VISIBLE_DEVICES",
                timeout=LIMIT,
                fresh=fresh,
                claim=Claim(gpu_count=count),
            )
            for count in (0, 1, 2, 0)
        ]
    assert shown == ["", "1", "1,4", ""]


async def test_what_can_never_be_had_is_refused_before_a_process_is_started() -> None:
    async with ProcessPool(capacity=MACHINE) as pool:
        with pytest.raises(ResourceError, match="9 GB of memory are asked for and 8 GB"):
            await pool.run(worker_tasks.pid, timeout=LIMIT, memory_gb=9)
        with pytest.raises(ResourceError, match="3 GPUs are asked for and 2 are there"):
            await pool.run(worker_tasks.pid, timeout=LIMIT, claim=Claim(gpu_count=3))
        assert pool.load.processes == 0


async def test_the_share_of_a_task_that_cannot_be_killed_is_free_only_when_it_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process in the kernel's D state: signals do not reach it until the disk answers."""
    real, asleep = os.killpg, True

    def killpg(group: int, number: int) -> None:
        if number == 0 or not asleep:
            real(group, number)

    monkeypatch.setattr(os, "killpg", killpg)
    async with ProcessPool(capacity=MACHINE, grace=GRACE) as pool:
        whole = Claim(cpu_cores=2)
        call = asyncio.create_task(
            pool.run(worker_tasks.mark_and_nap, str(tmp_path), timeout=timedelta(seconds=1), fresh=True, claim=whole)
        )
        await asyncio.wait({call}, timeout=2.5)
        follower = asyncio.create_task(pool.run(worker_tasks.double, 1, timeout=LIMIT, claim=whole))
        await asyncio.wait({follower}, timeout=0.5)
        assert (call.done(), follower.done(), pool.load.running, pool.load.waiting) == (False, False, 1, 1)
        asleep = False
        (pid,) = marked(tmp_path)
        real(pid, signal.SIGKILL)
        with pytest.raises(JobTimeoutError):
            await call
        assert await follower == 2


async def test_a_share_is_free_only_when_everything_that_the_task_started_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asleep = os.killpg, True
    monkeypatch.setattr(os, "killpg", lambda group, number: None if asleep and number else real(group, number))
    async with ProcessPool(capacity=MACHINE, grace=GRACE) as pool:
        child = await pool.run(worker_tasks.leave_child, timeout=LIMIT, fresh=True)
        await asyncio.sleep(0.5)
        assert psutil.pid_exists(child)
        assert pool.load.running == 1
        asleep = False
        os.kill(child, signal.SIGKILL)
        async with asyncio.timeout(20):
            while pool.load.running:  # noqa: ASYNC110 - other processes set no Event
                await asyncio.sleep(0.01)
        assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


async def test_what_runs_and_what_waits_is_told_with_what_was_granted_and_what_is_used(tmp_path: Path) -> None:
    async with ProcessPool(capacity=MACHINE, grace=GRACE) as pool:
        claim = Claim(cpu_cores=1.5, gpu_count=1, job="j1")
        nap = pool.run(
            worker_tasks.mark_and_nap, str(tmp_path), timeout=LIMIT, fresh=True, label="train", memory_gb=2, claim=claim
        )
        running = asyncio.create_task(nap)
        async with asyncio.timeout(20):
            while not marked(tmp_path):  # noqa: ASYNC110 - other processes set no Event
                await asyncio.sleep(0.01)
        waiting = asyncio.create_task(pool.run(worker_tasks.double, 1, timeout=LIMIT, label="check"))
        await asyncio.sleep(0)
        runs, waits = await pool.tasks()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await waiting == 2
        assert await pool.tasks() == ()
    assert runs.grant is not None
    assert (runs.label, runs.job, runs.waits_for) == ("train", "j1", "")
    assert (runs.grant.cpu_cores, runs.grant.memory_gb, runs.grant.gpus) == (1.5, 2.0, (1,))
    assert runs.memory is not None
    assert runs.memory > 1_000_000
    assert runs.cpu_seconds is not None
    assert (waits.label, waits.grant, waits.memory) == ("check", None, None)
    assert waits.waits_for == "waits for 1 cores: 0.5 of 2 are free"
