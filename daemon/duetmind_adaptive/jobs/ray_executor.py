"""Runs tasks on a Ray cluster, as the process pool runs them on one machine; Ray lives in a client process.

See docs/decisions/0014 for why. An address is always explicit: "local" starts a cluster of one's own that ends with
the executor; "auto", by which Ray joins whatever cluster it finds, is refused.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from duetmind_adaptive.contracts import ORDINARY, Claim
from duetmind_adaptive.errors import JobError, ResourceError, WorkerDiedError
from duetmind_adaptive.jobs.output import Sink, Sinks
from duetmind_adaptive.jobs.ray_client import receive, send
from duetmind_adaptive.jobs.ray_hand import Job
from duetmind_adaptive.jobs.resources import Capacity
from duetmind_adaptive.jobs.wire import pack_order, unpack_answer
from duetmind_adaptive.settings.ray import RAY_MISSING, ray_installed

T = TypeVar("T")

#: seconds in which a client must be connected; a cluster of one's own takes 13 s to start on two busy cores
CONNECT = 120.0
#: seconds beyond the grace in which a client must have ended
END = 15.0
#: what no child of ours may hear of: Ray would join another cluster than the one that is named
_FOREIGN = ("RAY_ADDRESS", "RAY_NAMESPACE")


@dataclass(slots=True, eq=False)
class _Link:
    """A connected client."""

    process: Process
    writer: asyncio.StreamWriter
    #: cores, gigabytes and GPUs of each node
    nodes: tuple[tuple[float, float, int], ...]
    answers: dict[int, asyncio.Future[bytes]] = field(default_factory=dict[int, "asyncio.Future[bytes]"])
    #: what jobs print, on its way to whatever keeps it
    printed: dict[int, asyncio.Queue[list[str] | None]] = field(
        default_factory=dict[int, "asyncio.Queue[list[str] | None]"]
    )
    hearing: asyncio.Task[None] | None = None


class RayExecutor:
    """Executor on a Ray cluster; see contracts.Executor. Belongs to the event loop that first uses it.

    Parameters
    ----------
    address
        Of the cluster's head, as `10.0.0.5:6379`, or `local`.
    most
        Tasks at a time, at most.
    grace
        Between TERM and KILL when a task is cancelled, runs over its limit, or the executor closes.
    guarded, outputs
        As of `ProcessPool`.
    resized
        Told what the cluster has, at each connection and whenever nodes come or go.

    Raises
    ------
    JobError
        When Ray is not installed, or the address is not explicit.
    """

    def __init__(
        self,
        address: str,
        *,
        most: int = 64,
        grace: timedelta = timedelta(seconds=10),
        guarded: bool = False,
        outputs: Sinks | None = None,
        resized: Callable[[Capacity], None] = lambda _capacity: None,
    ) -> None:
        if not ray_installed():
            raise JobError(f"{RAY_MISSING}.")
        if address in {"", "auto"}:
            raise JobError(f"The Ray address is {address!r}; name the head as HOST:PORT, or give local.")
        self._address = address
        self._grace = grace
        self._guarded = guarded
        self._outputs = outputs
        self._resized = resized
        self._places = asyncio.Semaphore(most)
        self._numbers = itertools.count(1)
        self._connecting = asyncio.Lock()
        self._link: _Link | None = None
        self._closed = False
        #: why the last connection failed; None when it did not
        self.problem: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def capacity(self) -> Capacity:
        """What the nodes that are there have together; connects."""
        return _capacity((await self._connected()).nodes)

    async def wish(self, cores: float) -> None:
        """Ask the cluster's autoscaler, where there is one, for nodes with so many cores in all."""
        send((await self._connected()).writer, "wish", math.ceil(cores))

    async def run(
        self,
        task: Callable[..., T],
        /,
        *args: object,
        timeout: timedelta,  # noqa: ASYNC109 - the contract's: the limit kills a process, it does not cancel a coroutine
        fresh: bool = False,
        label: str = "",
        memory_gb: float | None = None,
        claim: Claim = ORDINARY,
    ) -> T:
        """As contracts.Executor says; a cancelled call returns once its processes are dead.

        Raises
        ------
        WorkerDiedError
            When the cluster cannot be used, or the worker, its node or the cluster's head died.
        ResourceError
            When no node of the cluster has as much memory or as many GPUs.
        """
        name = label or task.__qualname__
        order = pack_order(task, args, name)
        async with self._places:
            link = await self._connected()
            job = Job(
                number=next(self._numbers), label=name, order=order, timeout=timeout.total_seconds(),
                cpu_cores=_cores(link, claim, memory_gb, name), gpu_count=claim.gpu_count, memory_gb=memory_gb,
                fresh=fresh, job=claim.job if self._outputs and fresh else "",
            )  # fmt: skip
            async with self._printing(link, job):
                answer = await self._answer(link, job)
            return unpack_answer(answer, name, guarded=self._guarded)

    async def close(self) -> None:
        """End every task and the client, and a cluster of our own with it; bounded by the grace."""
        self._closed = True
        async with self._connecting:
            link, self._link = self._link, None
        if link is None:
            return
        self._give_up(link, JobError("The job was stopped: the executor is closed."))
        link.writer.close()
        try:
            async with asyncio.timeout(self._grace.total_seconds() + END):
                await link.process.wait()
        except TimeoutError:
            link.process.kill()
            await link.process.wait()

    @asynccontextmanager
    async def _printing(self, link: _Link, job: Job) -> AsyncGenerator[None]:
        """While a job runs, give what it prints to whatever keeps it."""
        if self._outputs is None or not job.job:
            yield
            return
        sink, queue = self._outputs(job.job), asyncio.Queue[list[str] | None]()
        link.printed[job.number] = queue
        keeping = asyncio.create_task(_keep(queue, sink))
        try:
            yield
        finally:
            queue.put_nowait(None)
            await asyncio.shield(keeping)
            del link.printed[job.number]

    async def _answer(self, link: _Link, job: Job) -> bytes:
        answer = link.answers[job.number] = asyncio.get_running_loop().create_future()
        send(link.writer, "run", job)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not answer.done():
                send(link.writer, "cancel", job.number)
                await asyncio.wait({answer}, timeout=self._grace.total_seconds() + END)
            raise
        finally:
            link.answers.pop(job.number, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # it has been told, or nobody waits for it

    async def _connected(self) -> _Link:
        async with self._connecting:
            if self._closed:
                raise JobError("The job was not run: the executor is closed.")
            if self._link is None:
                self._link = await self._connect()
            return self._link

    async def _connect(self) -> _Link:
        ours, theirs = socket.socketpair()
        with theirs:
            module = "duetmind_adaptive.jobs.ray_client"
            words = (str(theirs.fileno()), self._address, str(self._grace.total_seconds()))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *words, pass_fds=(theirs.fileno(),), env=_environment(),
                stdout=2, start_new_session=True,
            )  # fmt: skip
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        word, content = await _greeting(reader)
        if word == "refused":
            writer.close()
            if process.returncode is None:
                process.kill()
            await process.wait()
            self.problem = f"The Ray cluster at {self._address} cannot be used: {content}"
            raise WorkerDiedError(self.problem)
        self.problem = None
        link = _Link(process, writer, content)
        self._resized(_capacity(link.nodes))
        link.hearing = asyncio.create_task(self._hear(link, reader), name="ray-client")
        return link

    async def _hear(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while (message := await receive(reader)) is not None:
            word, (number, content) = message
            waiting = link.answers.get(number)
            if word == "nodes":
                link.nodes = content
                self._resized(_capacity(content))
            elif word == "printed":
                if number in link.printed:
                    link.printed[number].put_nowait(content)
            elif waiting is not None and not waiting.done():
                waiting.set_result(content)
        if self._link is link:
            self._link = None  # the next task connects anew
        self._give_up(link, WorkerDiedError(f"The Ray cluster at {self._address} was lost, and the job with it."))

    def _give_up(self, link: _Link, error: JobError) -> None:
        for waiting in link.answers.values():
            if not waiting.done():
                waiting.set_exception(error)


def _capacity(nodes: Sequence[tuple[float, float, int]]) -> Capacity:
    """What nodes have together."""
    gpus = tuple(range(sum(node[2] for node in nodes)))
    return Capacity(cpu_cores=sum(node[0] for node in nodes), memory_gb=sum(node[1] for node in nodes), gpus=gpus)


async def _keep(queue: asyncio.Queue[list[str] | None], sink: Sink) -> None:
    while (lines := await queue.get()) is not None:
        await sink.write(lines)
    await sink.close()


async def _greeting(reader: asyncio.StreamReader) -> tuple[str, Any]:
    """What a client says first: that it is ready, or why it cannot be."""
    try:
        async with asyncio.timeout(CONNECT):
            return await receive(reader) or ("refused", "its client ended")
    except TimeoutError:
        return "refused", f"it did not answer within {CONNECT:g} s"


def _cores(link: _Link, claim: Claim, memory_gb: float | None, name: str) -> float:
    """Cores to ask for: those of the largest node that has the rest, at most."""
    fitting = [node[0] for node in link.nodes if node[1] >= (memory_gb or 0.0) and node[2] >= claim.gpu_count]
    if not fitting:
        asked = f"{memory_gb or 0:g} GB and {claim.gpu_count} GPUs"
        raise ResourceError(f"Job {name} asks for {asked}, which no node of the Ray cluster has; ask for less.")
    return min(claim.cpu_cores, max(fitting))


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    paths = os.pathsep.join(path for path in sys.path if path)
    return kept | {"PYTHONPATH": paths, "RAY_USAGE_STATS_ENABLED": "0"}
