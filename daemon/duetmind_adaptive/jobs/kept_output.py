"""What a job prints, kept: in its own log, and in the service's with its id."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from duetmind_adaptive.jobs.job_logs import JobLogs
from duetmind_adaptive.logger import get_logger

#: lines of a job that the service's log repeats; the job's own has all
REPEATED = 1_000

log = get_logger(__name__)


class KeptOutput:
    """A `Sink` of one job, on whatever machine that runs."""

    def __init__(self, job: str, logs: JobLogs) -> None:
        self._job = job
        self._logs = logs
        self._log = logs.open(job)
        self._said = 0

    async def write(self, lines: Sequence[str]) -> None:
        """Keep more lines; a full disk costs the log, not the job."""
        cleaned = [self._logs.clean(line) for line in lines]
        for line in cleaned[: max(0, REPEATED - self._said)]:
            log.info("jobs.printed", job=self._job, line=line)
        if self._said < REPEATED <= self._said + len(cleaned):
            log.info("jobs.printed_more", job=self._job, message="the rest is in the job's own log only")
        self._said += len(cleaned)
        try:
            await asyncio.to_thread(self._log.add, cleaned)
        except OSError as error:
            self._failed(error)

    async def close(self) -> None:
        """There is no more; old logs make room."""
        try:
            await asyncio.to_thread(self._log.close)
            await asyncio.to_thread(self._logs.sweep)
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        log.warning("jobs.output_not_kept", job=self._job, reason=error.strerror or str(error))
