"""What every executor promises, asked of each: the in-process twin, the pool with both ways of starting, and Ray."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import worker_tasks

from duetmind_adaptive.contracts import Executor
from duetmind_adaptive.errors import ColumnMissingError, JobError, TrainingError
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.ray_executor import RayExecutor

LIMIT = timedelta(seconds=30)


@pytest.fixture(params=["inline", "forkserver", "spawn", pytest.param("ray", marks=pytest.mark.ray)])
async def executor(request: pytest.FixtureRequest) -> AsyncIterator[Executor]:
    made: Executor
    if request.param == "inline":
        made = InlineExecutor()
    elif request.param == "ray":
        made = RayExecutor(request.getfixturevalue("ray_address"), grace=timedelta(seconds=1))
    else:
        made = ProcessPool(size=2, method=request.param)
    yield made
    await made.close()


async def test_a_task_s_result_comes_back(executor: Executor) -> None:
    assert await executor.run(worker_tasks.double, 21, timeout=LIMIT) == 42
    assert await executor.run(worker_tasks.double, "ab", timeout=LIMIT, fresh=True) == "abab"


async def test_results_of_tasks_run_together_are_not_mixed_up(executor: Executor) -> None:
    answers = await asyncio.gather(*(executor.run(worker_tasks.double, n, timeout=LIMIT) for n in range(20)))
    assert answers == [2 * n for n in range(20)]


async def test_a_result_of_a_class_of_the_program_s_own_comes_back(executor: Executor) -> None:
    assert (await executor.run(worker_tasks.noted, "kept", timeout=LIMIT)).text == "kept"


async def test_a_product_error_comes_back_as_itself(executor: Executor) -> None:
    with pytest.raises(ColumnMissingError, match=r"^column age is not there$") as caught:
        await executor.run(worker_tasks.refuse, "age", timeout=LIMIT)
    assert caught.value.code == "column_missing"
    with pytest.raises(TrainingError, match="cannot be trained"):
        await executor.run(worker_tasks.fail_training, timeout=LIMIT)


async def test_any_other_error_comes_back_as_itself_with_the_worker_s_traceback(executor: Executor) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        await executor.run(worker_tasks.zero, timeout=LIMIT)
    assert "1 / 0" in "".join(caught.value.__notes__)


async def test_an_error_that_cannot_travel_is_a_job_error_with_its_name_and_text(executor: Executor) -> None:
    with pytest.raises(JobError, match=r"^Job train loans failed with AwkwardError: one and two$"):
        await executor.run(worker_tasks.raise_awkwardly, timeout=LIMIT, label="train loans")


async def test_a_task_that_exits_politely_is_a_job_error_not_the_end_of_the_service(executor: Executor) -> None:
    with pytest.raises(JobError, match="SystemExit: 3"):
        await executor.run(worker_tasks.leave_politely, timeout=LIMIT)


async def test_a_result_that_cannot_be_sent_is_one_sentence(executor: Executor) -> None:
    with pytest.raises(JobError, match=r"^The result, a function, cannot be sent back from the worker: .*\.$"):
        await executor.run(worker_tasks.unpicklable, timeout=LIMIT)


async def test_a_task_that_cannot_be_sent_is_one_sentence(executor: Executor) -> None:
    with pytest.raises(JobError, match=r"^Job .*lambda.* cannot be sent to a worker: .*module-level function"):
        await executor.run(lambda: None, timeout=LIMIT)


async def test_after_an_error_the_next_task_runs(executor: Executor) -> None:
    with pytest.raises(ZeroDivisionError):
        await executor.run(worker_tasks.zero, timeout=LIMIT)
    assert await executor.run(worker_tasks.double, 1, timeout=LIMIT) == 2


async def test_a_closed_executor_refuses(executor: Executor) -> None:
    await executor.close()
    await executor.close()
    with pytest.raises(JobError, match="closed"):
        await executor.run(worker_tasks.double, 1, timeout=LIMIT)
