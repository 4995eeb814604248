"""Kills a worker, with all that it started, when it holds more memory than its task asked for, or forks without end.

The kernel's own limits are of no use here: RLIMIT_AS counts what is reserved and never touched, as threads and memory
maps do, RLIMIT_NPROC counts all processes of a user and none of root's, and a control group of its own needs rights
that a daemon does not have. So the process table is read twice a second, off the event loop, while any task runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from duetmind_adaptive.errors import JobError, MemoryExceededError, WorkerDiedError
from duetmind_adaptive.jobs.cpus import usable_cpus
from duetmind_adaptive.jobs.memory import GB
from duetmind_adaptive.jobs.usage import Usage, usage_of_sessions

#: of what was asked for, what may be held for a moment
SLACK = 1.1
#: seconds between two looks
LOOK = 0.5
#: processes of a task: so many, or as many for each core where that is more
MOST_PROCESSES, PER_CORE = 256, 16


class Worker(Protocol):
    """As much of a worker as is needed to watch it."""

    #: of its session as well
    pid: int

    def kill(self) -> None:
        """End it and everything in its session."""
        ...


@dataclass(slots=True)
class _Watched:
    name: str
    memory_gb: float | None
    #: why it was killed
    killed: JobError | None = None


class Guard:
    """Watches workers while their tasks run.

    Parameters
    ----------
    most_processes
        Of a task, with all that it starts; default: `MOST_PROCESSES`, more on a machine with many cores.
    """

    def __init__(self, most_processes: int | None = None) -> None:
        self._most = most_processes or max(MOST_PROCESSES, PER_CORE * usable_cpus())
        self._watched: dict[Worker, _Watched] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, worker: Worker, memory_gb: float | None, name: str) -> Generator[None]:
        """While a task runs: in place of the worker's death, raise what this killed it for.

        Raises
        ------
        MemoryExceededError
            When it held more than a tenth above `memory_gb`.
        JobError
            When it had too many processes.
        """
        watched = self._watched[worker] = _Watched(name, memory_gb)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="jobs-guard")
        try:
            yield
        except WorkerDiedError as error:
            if watched.killed:
                raise watched.killed from error
            raise
        finally:
            del self._watched[worker]

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if not self._watched:
                continue
            used = await asyncio.to_thread(usage_of_sessions, [worker.pid for worker in self._watched])
            for worker, watched in self._watched.items():
                if error := excess(used.get(worker.pid, Usage()), watched.memory_gb, self._most, watched.name):
                    watched.killed = error
                    worker.kill()


def excess(used: Usage, memory_gb: float | None, most_processes: int, name: str) -> JobError | None:
    """What a task that uses so much is killed for.

    Examples
    --------
    >>> print(excess(Usage(memory=3 * GB, processes=2), 2.0, 256, "retrain loans"))
    Job retrain loans held 3.00 GB and asked for 2: it was killed.
    >>> print(excess(Usage(memory=GB, processes=300), None, 256, "retrain loans"))
    Job retrain loans had 300 processes, and 256 may be: it was killed.
    """
    if memory_gb is not None and used.memory > memory_gb * SLACK * GB:
        held = f"held {used.memory / GB:.2f} GB and asked for {memory_gb:g}"
        return MemoryExceededError(f"Job {name} {held}: it was killed.")
    if used.processes > most_processes:
        return JobError(f"Job {name} had {used.processes} processes, and {most_processes} may be: it was killed.")
    return None
