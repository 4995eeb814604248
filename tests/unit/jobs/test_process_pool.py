"""The pool under everything a task can do to it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import worker_tasks

from duetmind_adaptive.errors import JobError, JobTimeoutError, WorkerDiedError
from duetmind_adaptive.jobs import guard
from duetmind_adaptive.jobs.crew import FRESH_NICENESS
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.share import THREAD_LIMITS
from duetmind_adaptive.jobs.worker import OOM_SCORE

LIMIT = timedelta(seconds=30)
GRACE = timedelta(seconds=0.3)


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    async with ProcessPool(size=2, grace=GRACE) as made:
        yield made


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - other processes set no Event
            await asyncio.sleep(0.01)


async def marks(folder: Path, count: int) -> list[int]:
    """The ids of `count` processes that have said they run."""
    await eventually(lambda: len(marked(folder)) >= count)
    return marked(folder)


def marked(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def descendants() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def fork_servers() -> set[psutil.Process]:
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return {child for child in alive if "forkserver" in " ".join(child.cmdline())}


async def test_a_pool_costs_no_process_until_its_first_task() -> None:
    before = descendants()
    async with ProcessPool() as pool:
        assert pool.load.processes == 0
        assert descendants() == before


async def test_warm_workers_are_used_again_and_fresh_ones_are_not(pool: ProcessPool) -> None:
    warm = {await pool.run(worker_tasks.pid, timeout=LIMIT) for _ in range(3)}
    fresh = {await pool.run(worker_tasks.pid, timeout=LIMIT, fresh=True) for _ in range(2)}
    assert len(warm) == 1
    assert len(fresh) == 2
    await eventually(lambda: not any(map(alive, fresh)))
    assert all(map(alive, warm))


async def test_an_idle_worker_retires() -> None:
    async with ProcessPool(size=1, idle=timedelta(seconds=0.05)) as pool:
        worker = await pool.run(worker_tasks.pid, timeout=LIMIT)
        await eventually(lambda: pool.load.processes == 0)
        assert not alive(worker)


async def test_no_more_tasks_run_than_there_are_places_and_the_rest_wait_in_line(pool: ProcessPool) -> None:
    tasks = [asyncio.create_task(pool.run(worker_tasks.nap, 0.1, timeout=LIMIT)) for _ in range(4)]
    await eventually(lambda: pool.load.running == 2)
    assert (pool.load.running, pool.load.waiting) == (2, 2)
    await asyncio.gather(*tasks)
    assert (pool.load.running, pool.load.waiting) == (0, 0)
    assert pool.load.processes <= 2


async def test_a_fresh_process_is_nicer_and_leads_a_session_of_its_own(pool: ProcessPool) -> None:
    service = os.nice(0)
    assert await pool.run(worker_tasks.niceness, timeout=LIMIT, fresh=True) == min(19, service + FRESH_NICENESS)
    assert await pool.run(worker_tasks.niceness, timeout=LIMIT) == service
    assert len(set(await pool.run(worker_tasks.group, timeout=LIMIT))) == 1


async def test_the_kernel_takes_a_worker_before_the_service_when_memory_runs_out(pool: ProcessPool) -> None:
    score = await pool.run(worker_tasks.read, "/proc/self/oom_score_adj", timeout=LIMIT)
    assert int(score) >= OOM_SCORE


async def test_numeric_libraries_get_one_thread_unless_the_operator_says_otherwise(
    pool: ProcessPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in THREAD_LIMITS:
        monkeypatch.delenv(name, raising=False)
    assert await pool.run(worker_tasks.environment, "OMP_NUM_THREADS", timeout=LIMIT) == "1"


async def test_what_a_task_prints_never_reaches_standard_output(
    pool: ProcessPool, capfd: pytest.CaptureFixture[str]
) -> None:
    async with ProcessPool(size=1, method="spawn") as spawned:  # the fork server may have started before the capture
        await spawned.run(worker_tasks.talk, "chatter", timeout=LIMIT)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("chatter") == 3


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(
    ("task", "args", "cause"),
    [
        (worker_tasks.die, (signal.SIGKILL,), "was killed by SIGKILL"),
        (worker_tasks.segfault, (), "was killed by SIGSEGV"),
        (worker_tasks.leave, (3,), "ended with exit status 3"),
        (worker_tasks.leave, (0,), "ended with exit status 0"),
        (worker_tasks.close_descriptors, (), "was killed by SIGKILL"),
    ],
)
async def test_a_worker_s_death_is_told_with_its_cause_and_the_next_task_runs(
    pool: ProcessPool, task: Callable[..., None], args: tuple[object, ...], cause: str, fresh: bool
) -> None:
    with pytest.raises(WorkerDiedError, match=f"^The worker of job boom {cause} before it answered.$"):
        await pool.run(task, *args, timeout=LIMIT, fresh=fresh, label="boom")
    assert await pool.run(worker_tasks.double, 1, timeout=LIMIT, fresh=fresh) == 2


async def test_a_worker_s_death_harms_no_other_task(pool: ProcessPool) -> None:
    other = asyncio.create_task(pool.run(worker_tasks.nap, 0.3, timeout=LIMIT))
    with pytest.raises(WorkerDiedError):
        await pool.run(worker_tasks.die, signal.SIGKILL, timeout=LIMIT)
    assert await other == "rested"


async def test_a_worker_killed_while_idle_is_replaced(pool: ProcessPool) -> None:
    first = await pool.run(worker_tasks.pid, timeout=LIMIT)
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: pool.load.processes == 0)
    assert await pool.run(worker_tasks.pid, timeout=LIMIT) != first


async def test_the_time_limit_kills_the_worker_and_what_it_started(pool: ProcessPool, tmp_path: Path) -> None:
    with pytest.raises(JobTimeoutError, match=r"^Job train loans ran longer than its limit of 1 s and was killed\.$"):
        await pool.run(
            worker_tasks.start_child_and_nap, str(tmp_path), timeout=timedelta(seconds=1), label="train loans"
        )
    pids = await marks(tmp_path, 2)
    await eventually(lambda: not any(map(alive, pids)))
    assert pool.load.running == 0


async def test_a_worker_deaf_to_term_is_killed_after_the_grace(pool: ProcessPool, tmp_path: Path) -> None:
    with pytest.raises(JobTimeoutError):
        await pool.run(worker_tasks.ignore_term, str(tmp_path), timeout=timedelta(seconds=1), fresh=True)
    (pid,) = await marks(tmp_path, 1)
    assert not alive(pid)


@pytest.mark.parametrize("fresh", [False, True])
async def test_cancelling_the_caller_ends_the_process_group_before_it_returns(
    pool: ProcessPool, tmp_path: Path, fresh: bool
) -> None:
    call = asyncio.create_task(pool.run(worker_tasks.start_child_and_nap, str(tmp_path), timeout=LIMIT, fresh=fresh))
    pids = await marks(tmp_path, 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await eventually(lambda: not any(map(alive, pids)))
    assert await pool.run(worker_tasks.double, 1, timeout=LIMIT, fresh=fresh) == 2


async def test_cancelling_a_caller_in_line_starts_nothing_and_blocks_nobody(pool: ProcessPool, tmp_path: Path) -> None:
    running = [asyncio.create_task(pool.run(worker_tasks.mark_and_nap, str(tmp_path), timeout=LIMIT)) for _ in range(2)]
    await marks(tmp_path, 2)
    waiting = asyncio.create_task(pool.run(worker_tasks.mark_and_nap, str(tmp_path), timeout=LIMIT))
    await eventually(lambda: pool.load.waiting == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert len(marked(tmp_path)) == 2
    assert (pool.load.running, pool.load.waiting, pool.load.processes) == (0, 0, 0)


async def test_a_caller_cancelled_during_the_start_of_its_worker_leaves_nothing_behind() -> None:
    async with ProcessPool(size=1, method="spawn") as pool:
        call = asyncio.create_task(pool.run(worker_tasks.pid, timeout=LIMIT))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await pool.run(worker_tasks.double, 1, timeout=LIMIT) == 2
        assert pool.load.processes == 1


async def test_what_a_finished_task_left_running_ends_with_its_fresh_process(pool: ProcessPool) -> None:
    left = await pool.run(worker_tasks.leave_child, timeout=LIMIT, fresh=True)
    await eventually(lambda: not alive(left))


async def test_a_task_may_use_joblib_s_own_processes(pool: ProcessPool) -> None:
    assert await pool.run(worker_tasks.joblib_sum, 2, timeout=LIMIT, fresh=True) == 28


async def test_an_error_never_imports_its_library_into_the_service(pool: ProcessPool) -> None:
    with pytest.raises(JobError, match="NoSuchMailboxError: bad markup"):
        await pool.run(worker_tasks.raise_unknown, timeout=LIMIT)
    assert "mailbox" not in sys.modules


async def test_closing_ends_running_and_waiting_tasks_with_one_clear_error(tmp_path: Path) -> None:
    pool = ProcessPool(size=1, grace=GRACE)
    calls = [
        asyncio.create_task(pool.run(worker_tasks.ignore_term, str(tmp_path), timeout=LIMIT, label=f"number {n}"))
        for n in range(2)
    ]
    (pid,) = await marks(tmp_path, 1)
    await pool.close()
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(error, JobError) and "pool is closed" in str(error) for error in errors)
    assert not alive(pid)
    assert pool.load.processes == 0


async def test_closing_while_a_worker_starts_leaves_none(tmp_path: Path) -> None:
    pool = ProcessPool(size=1, method="spawn", grace=GRACE)
    before = descendants()
    call = asyncio.create_task(pool.run(worker_tasks.pid, timeout=LIMIT))
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(JobError, match="closed"):
        await call
    assert not [pid for pid in descendants() - before if "spawn_main" in " ".join(psutil.Process(pid).cmdline())]


async def test_ten_megabytes_travel_both_ways_without_stopping_the_loop(pool: ProcessPool) -> None:
    payload = bytes(10_000_000)
    assert len(await pool.run(worker_tasks.double, payload, timeout=LIMIT)) == 20_000_000


async def test_a_fork_bomb_is_killed_with_all_its_processes_and_other_tasks_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guard, "MOST_PROCESSES", 100)
    monkeypatch.setattr(guard, "PER_CORE", 1)
    async with ProcessPool(size=2) as pool:
        sibling = asyncio.create_task(pool.run(worker_tasks.nap, 2, timeout=LIMIT))
        with pytest.raises(JobError, match=r"^Job bomb had \d+ processes, and 100 may be: it was killed.$"):
            await pool.run(worker_tasks.fork_without_end, 300, str(tmp_path), timeout=LIMIT, fresh=True, label="bomb")
        assert [pid for pid in marked(tmp_path) if alive(pid)] == []
        assert await sibling == "rested"
        assert await pool.run(worker_tasks.double, 21, timeout=LIMIT) == 42


async def test_a_resting_pool_ends_its_fork_server_and_starts_another_when_there_is_work() -> None:
    async with ProcessPool(size=1, idle=timedelta(0), resting=True) as pool:
        assert await pool.run(worker_tasks.double, 21, timeout=LIMIT) == 42
        assert fork_servers()
        await eventually(lambda: not fork_servers())
        assert await pool.run(worker_tasks.double, 4, timeout=LIMIT, fresh=True) == 8
