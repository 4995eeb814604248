"""What is special about Ray: what it does not do by itself, what it does too much of, and the loss of its head."""

import asyncio
import json
import os
import signal
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import worker_tasks
from ray_head import RayHead

from duetmind_adaptive.contracts import Claim
from duetmind_adaptive.errors import (
    JobError,
    JobTimeoutError,
    MemoryExceededError,
    ResourceError,
    TrainingError,
    WorkerDiedError,
)
from duetmind_adaptive.jobs import ray_executor
from duetmind_adaptive.jobs.job_logs import JobLogs
from duetmind_adaptive.jobs.kept_output import KeptOutput
from duetmind_adaptive.jobs.ray_executor import RayExecutor
from duetmind_adaptive.jobs.ray_pool import RayPool
from duetmind_adaptive.tasks.profiles import Profile
from duetmind_adaptive.tasks.spread_counting import count_files
from duetmind_adaptive.training.automl import create_automl_optimizer
from duetmind_adaptive.training.orchestration import Output, ResourceRequirement, create_orchestrator

pytestmark = pytest.mark.ray

LIMIT = timedelta(seconds=60)
GRACE = timedelta(seconds=1)


async def _marked(folder: Path) -> int:
    """The process that a task says it runs in."""
    async with asyncio.timeout(60):
        return await asyncio.to_thread(_first_mark, folder)


def _first_mark(folder: Path) -> int:
    while not (names := list(folder.iterdir())):
        time.sleep(0.02)
    return int(names[0].name)


async def test_cancelling_ends_c_code_that_holds_the_interpreter_before_it_returns(
    ray_address: str, tmp_path: Path
) -> None:
    async with RayExecutor(ray_address, grace=GRACE) as cluster:
        call = asyncio.create_task(cluster.run(worker_tasks.hold_the_interpreter, str(tmp_path), timeout=LIMIT))
        pid = await _marked(tmp_path)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not psutil.pid_exists(pid)
        assert await cluster.run(worker_tasks.double, 1, timeout=LIMIT) == 2


async def test_the_time_limit_ends_the_task(ray_address: str, tmp_path: Path) -> None:
    async with RayExecutor(ray_address, grace=GRACE) as cluster:
        with pytest.raises(JobTimeoutError, match="longer than its limit of 3 s"):
            await cluster.run(worker_tasks.mark_and_nap, str(tmp_path), timeout=timedelta(seconds=3))
        assert not psutil.pid_exists(await _marked(tmp_path))


async def test_a_task_over_its_memory_is_killed_and_the_others_live(ray_address: str) -> None:
    async with RayExecutor(ray_address, grace=GRACE) as cluster:
        other = asyncio.create_task(cluster.run(worker_tasks.nap, 3, timeout=LIMIT))
        with pytest.raises(MemoryExceededError, match=r"held .* GB and asked for 0\.2"):
            await cluster.run(worker_tasks.hold, 500, timeout=LIMIT, memory_gb=0.2)
        assert await other == "rested"


async def test_a_request_that_no_node_can_meet_is_refused_and_more_cores_than_there_are_is_all_of_them(
    ray_address: str,
) -> None:
    async with RayExecutor(ray_address, grace=GRACE) as cluster:
        with pytest.raises(ResourceError, match="500 GB and 0 GPUs, which no node of the Ray cluster has"):
            await cluster.run(worker_tasks.double, 1, timeout=LIMIT, memory_gb=500)
        with pytest.raises(ResourceError, match="1 GPUs"):
            await cluster.run(worker_tasks.double, 1, timeout=LIMIT, claim=Claim(gpu_count=1))
        threads = cluster.run(worker_tasks.environment, "OMP_NUM_THREADS", timeout=LIMIT, claim=Claim(cpu_cores=64))
        assert await threads == "2"


async def test_this_process_imports_no_ray_and_keeps_its_handler_of_sigterm(ray_address: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with RayExecutor(ray_address, grace=GRACE) as cluster:
        await cluster.run(worker_tasks.double, 1, timeout=LIMIT)
        assert signal.getsignal(signal.SIGTERM) is before
        assert "ray" not in sys.modules


async def test_a_hand_that_is_killed_takes_its_task_along_and_is_told(ray_address: str, tmp_path: Path) -> None:
    async with RayExecutor(ray_address, grace=GRACE) as cluster:
        call = asyncio.create_task(cluster.run(worker_tasks.hold_the_interpreter, str(tmp_path), timeout=LIMIT))
        task = psutil.Process(await _marked(tmp_path))
        hand = next(each for each in task.parents() if "ray::" in " ".join(each.cmdline()))
        os.kill(hand.pid, signal.SIGKILL)
        with pytest.raises(WorkerDiedError, match="on the Ray cluster died"):
            await call
        task.wait(timeout=10)


async def test_the_loss_of_the_head_is_told_within_a_minute(tmp_path: Path) -> None:
    with RayHead() as head:
        async with RayExecutor(head.address, grace=GRACE) as cluster:
            call = asyncio.create_task(cluster.run(worker_tasks.mark_and_nap, str(tmp_path), 300.0, timeout=LIMIT * 10))
            await _marked(tmp_path)
            head.kill_head()
            async with asyncio.timeout(60):
                with pytest.raises(WorkerDiedError, match=r"was lost|on the Ray cluster died"):
                    await call
            with pytest.raises(JobError, match=f"The Ray cluster at {head.address} (was lost|cannot be used)"):
                await cluster.run(worker_tasks.double, 1, timeout=LIMIT)


async def test_an_address_must_name_a_cluster() -> None:
    for address in ("", "auto"):
        with pytest.raises(JobError, match="name the head as HOST:PORT"):
            RayExecutor(address)


def test_a_workflow_runs_on_the_cluster_with_retries_limits_and_results_handed_on(
    ray_address: str, tmp_path: Path
) -> None:
    orchestrator = create_orchestrator(use_ray=True, address=ray_address, progress=lambda _: None, seed=1)
    tries = tmp_path / "tries"

    def twice(value: int) -> int:
        with tries.open("a") as file:
            file.write("x")
        if len(tries.read_text()) < 2:
            raise ValueError("not yet")
        return value * 2

    needs = ResourceRequirement(cpu_cores=0.5, memory_gb=0.25)
    orchestrator.add_task("load", lambda: 21, resources=needs)
    orchestrator.add_task("fit", twice, (Output("load"),), retries=2, resources=needs)
    orchestrator.add_task("long", worker_tasks.nap, (60,), timeout=2, resources=needs)
    orchestrator.add_task("after", abs, (Output("long"),))
    orchestrator.add_task("big", abs, (1,), retries=3, resources=ResourceRequirement(memory_gb=900))
    results = orchestrator.run_workflow()
    assert dict(results) == {"load": 21, "fit": 42}
    assert results.tasks["fit"].attempts == 2
    assert "longer than its limit of 2 s" in results.tasks["long"].error
    assert results.tasks["after"].state == "upstream_failed"
    assert results.tasks["big"].state == "failed"


def test_without_an_address_a_cluster_of_its_own_is_started_and_ends_with_the_run() -> None:
    orchestrator = create_orchestrator(use_ray=True, progress=lambda _: None)
    orchestrator.add_task("one", abs, (-1,))
    assert orchestrator.run_workflow()["one"] == 1


async def test_what_a_job_prints_there_is_in_its_log_here(ray_address: str, tmp_path: Path) -> None:
    logs = JobLogs(tmp_path / "logs", clean=str)
    async with RayPool(ray_address, outputs=partial(KeptOutput, logs=logs)) as pool:
        claim = Claim(job="job-1")
        assert await pool.run(worker_tasks.print_everywhere, "my", timeout=LIMIT, fresh=True, claim=claim) == 7
        with pytest.raises(TrainingError):
            await pool.run(worker_tasks.print_and_raise, "before", timeout=LIMIT, fresh=True, claim=Claim(job="job-2"))
    assert logs.read("job-1").text.splitlines() == ["my out", "my err", "my raw", "my program", "my half"]
    assert logs.read("job-2").text.startswith("before\nTraceback")


async def test_jobs_are_let_in_by_priority_and_say_what_they_wait_for(ray_address: str, tmp_path: Path) -> None:
    async with RayPool(ray_address) as pool:
        whole = Claim(cpu_cores=2, account="a", job="first")
        first = asyncio.create_task(pool.run(worker_tasks.mark_and_nap, str(tmp_path), timeout=LIMIT, claim=whole))
        await _marked(tmp_path)
        order = list[str]()

        async def later(name: str, priority: int) -> None:
            claim = Claim(cpu_cores=2, priority=priority, account="a", job=name)
            await pool.run(worker_tasks.double, 1, timeout=LIMIT, claim=claim)
            order.append(name)

        waiting = [asyncio.create_task(later("low", 0)), asyncio.create_task(later("high", 5))]
        await asyncio.sleep(0)
        told = {task.job: task.waits_for for task in await pool.tasks()}
        assert (told["first"], bool(told["low"]), bool(told["high"])) == ("", True, True)
        first.cancel()
        await asyncio.gather(*waiting)
        assert order == ["high", "low"]


async def test_nothing_of_a_job_on_the_cluster_runs_in_the_service(ray_address: str, tmp_path: Path) -> None:
    async with RayPool(ray_address) as pool:
        with pytest.raises(JobError, match="cannot be read"):
            await pool.run(worker_tasks.noted, "x", timeout=LIMIT, fresh=True)


async def test_a_cluster_that_is_not_there_is_a_lost_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_executor, "CONNECT", 8.0)
    async with RayPool("127.0.0.1:1") as pool:
        with pytest.raises(WorkerDiedError, match=r"The Ray cluster at 127\.0\.0\.1:1 cannot be used"):
            await pool.run(worker_tasks.double, 1, timeout=LIMIT)
        assert pool.problem is not None


def test_the_trials_of_a_search_run_on_the_cluster_and_come_to_the_same(ray_address: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
    target = (frame["a"] + rng.normal(0, 0.5, 300) > 0).astype(int)
    options = {"n_trials": 4, "algorithms": ("logistic_regression", "extra_trees"), "n_jobs": 2, "cv_folds": 3}
    there = create_automl_optimizer(**options, address=ray_address, scratch=tmp_path / "shared")
    here = create_automl_optimizer(**options)
    found, expected = there.optimize(frame, target), here.optimize(frame, target)
    scores = [[(trial["algorithm"], trial["score"]) for trial in each["leaderboard"]] for each in (found, expected)]
    assert scores[0] == scores[1]
    assert found["failed_trials"] == 0
    assert (there.predict(frame) == here.predict(frame)).all()
    assert list((tmp_path / "shared").iterdir()) == [], "the search's files are gone"


def test_files_are_counted_on_the_cluster_as_they_are_here(ray_address: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for month in range(3):
        pq.write_table(
            pa.table({"x": rng.normal(month, 1, 5_000), "kind": ["a", "b"] * 2_500}), tmp_path / f"{month}.parquet"
        )
    reference = Profile.from_frame(pa.table({"x": rng.normal(0, 1, 20_000), "kind": ["a", "b", "c", "d"] * 5_000}))
    counted = count_files(
        reference, f"{tmp_path}/*.parquet", create_orchestrator(address=ray_address, progress=lambda _: None)
    )
    alone = reference.count(f"{tmp_path}/*.parquet")
    assert counted.rows == alone.rows == 15_000
    assert reference.compare(counted).bounds["x"]["ks"].value == reference.compare(alone).bounds["x"]["ks"].value


async def test_a_node_that_joins_later_is_shared_out_too_and_the_autoscaler_hears_what_is_wanted() -> None:
    with RayHead() as head:
        async with RayPool(head.address) as pool:
            await pool.run(worker_tasks.double, 1, timeout=LIMIT)
            assert pool.load.capacity.cpu_cores == 2
            pool.wish(4.5)
            assert await _wished(head.address) == 5
            with head.another_node(cores=3):
                async with asyncio.timeout(60):
                    await asyncio.to_thread(_grown, pool, 5)


def _grown(pool: RayPool, cores: int) -> None:
    while pool.load.capacity.cpu_cores < cores:
        time.sleep(0.1)


async def _wished(address: str) -> int:
    """The cores that the cluster's autoscaler was asked for, as it would read them."""
    program = (
        "import json, sys, ray; from ray.experimental.internal_kv import _internal_kv_get as get\n"
        "ray.init(address=sys.argv[1], log_to_driver=False)\n"
        "print('\\n' + (get(b'autoscaler_resource_request') or b'[]').decode())"
    )
    async with asyncio.timeout(120):
        while True:
            asked = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, address, stdout=asyncio.subprocess.PIPE
            )
            lines = (await asked.communicate())[0].decode().splitlines()
            if wishes := json.loads(lines[-1]):
                return sum(int(wish.get("CPU", 0)) for wish in wishes)
