"""The pool's end of what a job prints: a pipe, read as it fills, line by line into whatever keeps it.

The worker's standard output and error are the pipe's other end, so what C code and processes of the task print comes
too. It is read in pieces, each written before the next is read: a job that prints faster than a disk writes waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Protocol

from duetmind_adaptive.jobs.lines import Lines

#: bytes read at a time
PIECE = 65_536


class Sink(Protocol):
    """Takes what one job prints."""

    async def write(self, lines: Sequence[str]) -> None:
        """More lines, without their ends; what comes next waits until this returns."""
        ...

    async def close(self) -> None:
        """There is no more."""
        ...


#: makes the sink of a job, by its id
Sinks = Callable[[str], Sink]


class JobOutput:
    """Reads until `close`; belongs to the running event loop.

    Whoever starts the worker closes this process's copy of `writer`, so that the pipe ends with the worker.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lines = Lines()
        self._reader, writer = os.pipe()
        #: the end that the worker prints to
        self.writer = Connection(writer, readable=False)
        os.set_blocking(self._reader, False)
        self._ended = False
        self._keeping = asyncio.Lock()
        self._task = asyncio.create_task(self._follow(), name="job-output")

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
        if rest := self._lines.rest():
            await self._sink.write(rest)
        await self._sink.close()
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
            if lines := self._lines.feed(printed):
                await self._sink.write(lines)
            return True
