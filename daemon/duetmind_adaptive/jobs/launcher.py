"""Starts and reaps worker processes, on a thread of its own: `multiprocessing` may block, and shares state."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Literal, TypeAlias

from duetmind_adaptive.errors import JobError, WorkerDiedError
from duetmind_adaptive.jobs import worker
from duetmind_adaptive.jobs.mainless import NAME, leave_main_alone
from duetmind_adaptive.jobs.process import WorkerProcess
from duetmind_adaptive.jobs.share import one_thread_each

StartMethod = Literal["forkserver", "spawn"]

#: where a worker's output goes: the end of a pipe
Output: TypeAlias = "Connection[bytes, bytes] | None"

#: seconds until a new process must have said that it is ready; the first one starts the fork server as well
START_LIMIT = 60.0


def begin_fork_server(preload: Sequence[str]) -> None:
    """Have the fork server start and import these modules while this process does something else; returns at once.

    A pool made later with the same modules finds it ready. Without effect where there is one already.
    """
    one_thread_each()
    multiprocessing.get_context("forkserver").set_forkserver_preload([worker.__name__, *preload])
    with contextlib.suppress(OSError):  # the first worker fails for the same reason, and says it
        forkserver.ensure_running()


class Launcher:
    """Starts and reaps worker processes; costs nothing until the first start."""

    def __init__(self, method: StartMethod, preload: Sequence[str] = ()) -> None:
        leave_main_alone()
        one_thread_each()
        if method == "forkserver":
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload([worker.__name__, *preload])
        else:
            self._context = multiprocessing.get_context("spawn")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs-launcher")

    async def start(self, *, nice: int, output: Output = None) -> WorkerProcess:
        """A worker that has settled in; never cancel this call, or the process is left to itself.

        Raises
        ------
        JobError
            When the system gives no further process, or it does not come up.
        """
        try:
            process, channel = await asyncio.get_running_loop().run_in_executor(self._thread, self._start, nice, output)
        except OSError as error:
            raise JobError(f"No worker process could be started: {_reason(error)}.") from error
        member = WorkerProcess(process, channel, self.reap)
        try:
            async with asyncio.timeout(START_LIMIT):
                await member.ready()
        except (TimeoutError, WorkerDiedError) as error:
            await member.end(timedelta(0))
            raise JobError(f"A worker process was not ready within {START_LIMIT:g} s: {error}") from error
        return member

    async def reap(self, process: BaseProcess) -> int:
        """Exit status of a process that has ended: negative for a signal, as in `subprocess`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _reap, process)

    async def rest(self) -> None:
        """End the fork server with all that it has loaded; the next start begins another. No worker may live."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _stop_fork_server)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False)

    def _start(self, nice: int, output: Output) -> tuple[BaseProcess, socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            # not a daemonic process, which would not be allowed to start joblib's
            process = self._context.Process(target=worker.main, args=(theirs, nice, output), name=NAME, daemon=False)
            try:
                process.start()
            except BaseException:
                ours.close()
                raise
        return process, ours


def _reason(error: OSError) -> str:
    """Why no process could be started, and how to mend it where that is known."""
    if "AF_UNIX path too long" in str(error):
        return (
            f"the folder for temporary files, {tempfile.gettempdir()}, is too long a path; set TMPDIR to a shorter one"
        )
    return error.strerror or str(error)


def _stop_fork_server() -> None:
    """There is no public way; without this one the server stays, which costs memory and nothing else."""
    stop = getattr(getattr(forkserver, "_forkserver", None), "_stop", None)
    if stop is not None:
        stop()


def _reap(process: BaseProcess) -> int:
    process.join()
    status = process.exitcode
    process.close()
    return 255 if status is None else status
