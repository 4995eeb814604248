"""The service's end of one worker process: start it, give it an order, notice its death, end it and what it started.

Everything here waits on file descriptors in the event loop; only calls into `multiprocessing`, which may block and
share state, happen on the launcher's own thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import Literal

from duetmind_adaptive.errors import JobError, WorkerDiedError
from duetmind_adaptive.jobs import worker
from duetmind_adaptive.jobs.group import gone
from duetmind_adaptive.jobs.mainless import NAME, leave_main_alone
from duetmind_adaptive.jobs.share import one_thread_each
from duetmind_adaptive.jobs.wire import HEADER

StartMethod = Literal["forkserver", "spawn"]

#: seconds until a new process must have said that it is ready; the first one starts the fork server as well
START_LIMIT = 60.0
#: seconds in which a worker that has hung up must be dead; it is dying already, or a task closed its descriptors
DEATH_LIMIT = 1.0


class WorkerProcess:
    """One worker. `died` ends with its exit status; whoever holds the worker calls `end` once, whatever happened."""

    def __init__(self, process: BaseProcess, channel: socket.socket, launcher: Launcher) -> None:
        #: process id; its group's as well once it has settled in
        self.pid = process.pid or 0
        self._process = process
        self._channel = channel
        self._launcher = launcher
        #: True from when it leads its process group
        self._settled = False
        #: True once its ids may belong to somebody else
        self._gone = False
        #: True from when its death was ordered, whether or not it has come
        self.doomed = False
        self.died = asyncio.create_task(self._watch(), name=f"worker-{self.pid}-died")

    async def ready(self) -> None:
        """Return once the worker has settled in."""
        await self._race(self._receive(), "A new worker")
        self._settled = True

    async def ask(self, grant: bytes, order: bytes, label: str, most: int | None = None) -> bytearray:
        """The answer to `order`, which may use what `grant` says.

        Raises
        ------
        JobError
            When the answer is of more than `most` bytes; it is not read then.
        WorkerDiedError
            When the process ended first, with the name of the signal or its exit status.
        """
        return await self._race(self._exchange(grant, order, label=label, most=most), f"The worker of job {label}")

    async def end(self, grace: timedelta, *, gently: bool = False) -> None:
        """Return once the whole process group is dead: hang up or TERM, wait `grace`, KILL.

        Parameters
        ----------
        grace
            How long the process has to end by itself.
        gently
            Hang up, so that an idle worker leaves by itself and its libraries tidy up; otherwise TERM.
        """
        if gently:
            with contextlib.suppress(OSError):  # it may have hung up first
                self._channel.shutdown(socket.SHUT_WR)
        else:
            self._signal(signal.SIGTERM)
        await asyncio.wait({self.died}, timeout=grace.total_seconds())
        self.kill()
        await asyncio.wait({self.died})
        if self._settled:
            await gone(self.pid)
        self._channel.close()

    def kill(self) -> None:
        """Send KILL to the process group, unless it is dead already."""
        self.doomed = True
        self._signal(signal.SIGKILL)

    async def _watch(self) -> int:
        await _readable(self._process.sentinel)
        if self._settled:
            self.kill()  # whatever the dead leader left behind in its group
        self._gone = True
        return await self._launcher.reap(self._process)

    def _signal(self, number: signal.Signals) -> None:
        if self._gone:
            return
        with contextlib.suppress(ProcessLookupError):  # dead, and its death not yet noticed here
            if self._settled:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    async def _race(self, exchange: Coroutine[None, None, bytearray], who: str) -> bytearray:
        """The outcome of `exchange`, unless the worker dies first."""
        talk = asyncio.ensure_future(exchange)
        try:
            await asyncio.wait({talk, self.died}, return_when=asyncio.FIRST_COMPLETED)
            if talk.done() and not isinstance(talk.exception(), OSError | EOFError):
                return talk.result()
        finally:
            talk.cancel()
            await asyncio.wait({talk})
        await asyncio.wait({self.died}, timeout=DEATH_LIMIT)
        self.kill()
        raise WorkerDiedError(f"{who} {describe_exit(await self.died)} before it answered.")

    async def _exchange(self, *frames: bytes, label: str, most: int | None) -> bytearray:
        loop = asyncio.get_running_loop()
        for frame in frames:
            await loop.sock_sendall(self._channel, HEADER.pack(len(frame)))
            await loop.sock_sendall(self._channel, frame)
        return await self._receive(label, most)

    async def _receive(self, label: str = "", most: int | None = None) -> bytearray:
        (size,) = HEADER.unpack(await self._read(HEADER.size))
        if most is not None and size > most:
            raise JobError(
                f"Job {label} returned {size / 1e6:.0f} MB, and {most / 1e6:.0f} may be; have it leave them in a file."
            )
        return await self._read(size)

    async def _read(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        payload = bytearray(size)
        view = memoryview(payload)
        while view:
            received = await loop.sock_recv_into(self._channel, view)
            if not received:
                raise EOFError
            view = view[received:]
        return payload


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
        if method == "forkserver":
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload([worker.__name__, *preload])
        else:
            self._context = multiprocessing.get_context("spawn")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs-launcher")

    async def start(self, *, nice: int) -> WorkerProcess:
        """A worker that has settled in; never cancel this call, or the process is left to itself.

        Raises
        ------
        JobError
            When the system gives no further process, or it does not come up.
        """
        try:
            process, channel = await asyncio.get_running_loop().run_in_executor(self._thread, self._start, nice)
        except OSError as error:
            raise JobError(f"No worker process could be started: {_reason(error)}.") from error
        member = WorkerProcess(process, channel, self)
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

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False)

    def _start(self, nice: int) -> tuple[BaseProcess, socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            # not a daemonic process, which would not be allowed to start joblib's
            process = self._context.Process(target=worker.main, args=(theirs, nice), name=NAME, daemon=False)
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


def describe_exit(status: int) -> str:
    """What became of a process, for people.

    >>> describe_exit(-9), describe_exit(3)
    ('was killed by SIGKILL', 'ended with exit status 3')
    """
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _reap(process: BaseProcess) -> int:
    process.join()
    status = process.exitcode
    process.close()
    return 255 if status is None else status


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
