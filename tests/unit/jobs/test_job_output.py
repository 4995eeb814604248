"""What a job prints is in its own log, whole, and in the service's with its id; no secret, and not without bounds."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
import worker_tasks

from duetmind_adaptive.contracts import Claim
from duetmind_adaptive.errors import JobTimeoutError, TrainingError, WorkerDiedError
from duetmind_adaptive.jobs import job_logs, kept_output
from duetmind_adaptive.jobs.job_logs import JobLogs
from duetmind_adaptive.jobs.kept_output import KeptOutput
from duetmind_adaptive.jobs.lines import LONGEST_LINE, Lines
from duetmind_adaptive.jobs.pool import ProcessPool

LIMIT = timedelta(seconds=60)
JOB = Claim(job="job-1")


@pytest.fixture
def logs(tmp_path: Path) -> JobLogs:
    return JobLogs(tmp_path / "logs", clean=lambda line: line.replace("hunter2", "[secret]"))


@pytest.fixture
async def pool(logs: JobLogs) -> AsyncIterator[ProcessPool]:
    async with ProcessPool(size=2, outputs=partial(KeptOutput, logs=logs)) as made:
        yield made


async def test_everything_that_a_job_prints_is_in_its_log_when_it_has_ended(pool: ProcessPool, logs: JobLogs) -> None:
    assert await pool.run(worker_tasks.print_everywhere, "my", timeout=LIMIT, fresh=True, claim=JOB) == 7
    assert logs.read("job-1").text.splitlines() == ["my out", "my err", "my raw", "my program", "my half"]


async def test_the_service_s_log_has_each_line_with_the_job_s_id(pool: ProcessPool) -> None:
    with structlog.testing.capture_logs() as said:
        await pool.run(worker_tasks.print_everywhere, "my", timeout=LIMIT, fresh=True, claim=JOB)
    printed = [(each["job"], each["line"]) for each in said if each["event"] == "jobs.printed"]
    assert ("job-1", "my program") in printed
    assert len(printed) == 5


async def test_what_a_job_raises_is_in_its_log_with_where(pool: ProcessPool, logs: JobLogs) -> None:
    with pytest.raises(TrainingError):
        await pool.run(worker_tasks.print_and_raise, "before", timeout=LIMIT, fresh=True, claim=JOB)
    first, *_, last = logs.read("job-1").text.splitlines()
    assert (first, last) == ("before", "duetmind_adaptive.errors.TrainingError: nothing was learned")
    assert "in print_and_raise" in logs.read("job-1").text


async def test_a_crash_in_c_code_says_in_the_log_where_it_was(pool: ProcessPool, logs: JobLogs) -> None:
    with pytest.raises(WorkerDiedError):
        await pool.run(worker_tasks.print_and_crash, "before", timeout=LIMIT, fresh=True, claim=JOB)
    text = logs.read("job-1").text
    assert text.startswith("before\nFatal Python error: Segmentation fault")
    assert "in print_and_crash" in text


async def test_what_was_printed_before_a_limit_ran_out_is_kept(pool: ProcessPool, logs: JobLogs) -> None:
    with pytest.raises(JobTimeoutError):
        await pool.run(worker_tasks.say_and_sleep, "begun", 60.0, timeout=timedelta(seconds=1), fresh=True, claim=JOB)
    assert logs.read("job-1").text == "begun\n"


async def test_another_attempt_goes_on_in_the_same_log(pool: ProcessPool, logs: JobLogs) -> None:
    for word in ("one", "two"):
        await pool.run(worker_tasks.print_everywhere, word, timeout=LIMIT, fresh=True, claim=JOB)
    assert logs.read("job-1").text.count("half\n") == 2


async def test_two_jobs_at_a_time_have_a_log_each(pool: ProcessPool, logs: JobLogs) -> None:
    calls = [
        pool.run(worker_tasks.print_everywhere, name, timeout=LIMIT, fresh=True, claim=Claim(job=name))
        for name in ("a", "b")
    ]
    await asyncio.gather(*calls)
    assert [{line[0] for line in logs.read(name).text.splitlines()} for name in ("a", "b")] == [{"a"}, {"b"}]


async def test_secrets_are_in_neither_log(pool: ProcessPool, logs: JobLogs) -> None:
    with structlog.testing.capture_logs() as said:
        await pool.run(worker_tasks.print_everywhere, "hunter2", timeout=LIMIT, fresh=True, claim=JOB)
    assert "hunter2" not in logs.read("job-1").text + str(said)
    assert "[secret] program" in logs.read("job-1").text


async def test_a_job_that_prints_very_much_keeps_beginning_and_end(
    pool: ProcessPool, logs: JobLogs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(job_logs, "MOST_BYTES", 200_000)
    monkeypatch.setattr(kept_output, "REPEATED", 10)
    with structlog.testing.capture_logs() as said:
        await pool.run(worker_tasks.print_much, 20_000, timeout=LIMIT, fresh=True, claim=JOB)
    lines = (tmp_path / "logs" / "job-1.log").read_text(encoding="utf-8").splitlines()
    assert (lines[0][:7], lines[-1][:11]) == ("line 0 ", "line 19999 ")
    assert [line for line in lines if line.endswith("lines are left out: this log is full]")]
    assert sum(each["event"] == "jobs.printed" for each in said) == 10


async def test_a_log_that_cannot_be_written_costs_the_log_and_not_the_job(pool: ProcessPool, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the folder's place", encoding="utf-8")
    assert await pool.run(worker_tasks.print_everywhere, "my", timeout=LIMIT, fresh=True, claim=JOB) == 7


def test_old_logs_and_the_oldest_of_too_many_are_removed(
    logs: JobLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for job in ("old", "new"):
        logs.open(job).add(["x" * 99])
    newest = (tmp_path / "logs" / "new.log").stat().st_mtime
    assert logs.sweep(newest) == 0
    monkeypatch.setattr(job_logs, "ALL_BYTES", 150)
    assert logs.sweep(newest) == 1
    assert logs.sweep(newest + (job_logs.KEPT_DAYS + 1) * 86_400) == 1


@pytest.mark.parametrize("job", ["../state", "a/b", ".hidden", ""])
def test_a_log_s_name_leads_nowhere_else(logs: JobLogs, job: str) -> None:
    with pytest.raises(ValueError, match="is no id of a job"):
        logs.read(job)


def test_a_line_without_end_is_cut() -> None:
    lines = Lines()
    assert lines.feed(b"x" * (LONGEST_LINE + 5)) == ["x" * LONGEST_LINE]
    assert lines.rest() == ["xxxxx"]
