"""The service's end of what a job prints: a pipe, read as it fills, into the job's log and the service's own.

The worker's standard output and error are the pipe's other end, so what C code and processes of the task print comes
too. It is read in pieces, each written before the next is read: a job that prints faster than a disk writes waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from multiprocessing.connection import Connection

import structlog

from duetmind_adaptive.jobs.job_logs import JobLogs
from duetmind_adaptive.jobs.lines import Lines

#: bytes read at a time
PIECE = 65_536
#: lines of a job that the service's log repeats; the job's own has all
REPEATED = 1_000

log = structlog.stdlib.get_logger(__name__)


class JobOutput:
    """Reads until `close`; belongs to the running event loop.

    Whoever starts the worker closes this process's copy of `writer`, so that the pipe ends with the worker.
    """

    def __init__(self, job: str, logs: JobLogs) -> None:
        self._job = job
        self._logs = logs
        self._log = logs.open(job)
        self._lines = Lines()
        self._said = 0
        self._reader, writer = os.pipe()
        #: the end that the worker prints to
        self.writer = Connection(writer, readable=False)
        os.set_blocking(self._reader, False)
        self._ended = False
        self._keeping = asyncio.Lock()
        self._task = asyncio.create_task(self._follow(), name=f"output-{job}")

    async def settle(self) -> None:
        """Keep what was printed up to now."""
        while await self._keep():
            pass

    async def close(self) -> None:
        """Keep what is there, and read no more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.settle()
        self.writer.close()
        await self._write(self._lines.rest())
        try:
            await asyncio.to_thread(self._log.close)
            await asyncio.to_thread(self._logs.sweep)
        except OSError as error:
            self._failed(error)
        os.close(self._reader)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._ended:
            ready = loop.create_future()
            loop.add_reader(self._reader, lambda ready=ready: ready.done() or ready.set_result(None))
            try:
                await ready
            finally:
                loop.remove_reader(self._reader)
            await asyncio.shield(self._keep())

    async def _keep(self) -> bool:
        """Read and write one piece; False where nothing was there."""
        async with self._keeping:
            try:
                printed = os.read(self._reader, PIECE)
            except BlockingIOError:
                return False
            if not printed:
                self._ended = True
                return False
            await self._write(self._lines.feed(printed))
            return True

    async def _write(self, lines: list[str]) -> None:
        cleaned = [self._logs.clean(line) for line in lines]
        for line in cleaned[: max(0, REPEATED - self._said)]:
            log.info("jobs.printed", job=self._job, line=line)
        if cleaned and self._said < REPEATED <= self._said + len(cleaned):
            log.info("jobs.printed_more", job=self._job, message="the rest is in the job's own log only")
        self._said += len(cleaned)
        if not cleaned:
            return
        try:
            await asyncio.to_thread(self._log.add, cleaned)
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        """A full disk costs the log, not the job."""
        log.warning("jobs.output_not_kept", job=self._job, reason=error.strerror or str(error))
