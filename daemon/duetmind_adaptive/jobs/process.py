"""The service's end of one worker process: give it an order, notice its death, end it and what it started.

Everything here waits on file descriptors in the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from multiprocessing.process import BaseProcess

from duetmind_adaptive.errors import JobError, WorkerDiedError
from duetmind_adaptive.jobs.group import gone
from duetmind_adaptive.jobs.wire import HEADER

#: waits for a process that has ended, and gives its exit status
Reaper = Callable[[BaseProcess], Awaitable[int]]

#: seconds in which a worker that has hung up must be dead; it is dying already, or a task closed its descriptors
DEATH_LIMIT = 1.0


class WorkerProcess:
    """One worker. `died` ends with its exit status; whoever holds the worker calls `end` once, whatever happened."""

    def __init__(self, process: BaseProcess, channel: socket.socket, reap: Reaper) -> None:
        #: process id; its group's as well once it has settled in
        self.pid = process.pid or 0
        self._process = process
        self._channel = channel
        self._reap = reap
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
        return await self._reap(self._process)

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


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
