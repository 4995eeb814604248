"""Kills a worker, with all that it started, when it holds more memory than its task asked for.

The kernel's own limits are of no use here: RLIMIT_AS counts what is reserved and never touched, as threads and memory
maps do, and a control group of its own needs rights that a daemon does not have. So resident memory is read twice a
second, off the event loop, while any task has a limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from duetmind_adaptive.errors import MemoryExceededError, WorkerDiedError
from duetmind_adaptive.jobs.memory import GB
from duetmind_adaptive.jobs.usage import Usage, usage_of_sessions

#: of what was asked for, what may be held for a moment
SLACK = 1.1
#: seconds between two looks
LOOK = 0.5


class Worker(Protocol):
    """As much of a worker as is needed to watch it."""

    #: of its session as well
    pid: int

    def kill(self) -> None:
        """End it and everything in its session."""
        ...


@dataclass(slots=True)
class _Watched:
    limit: int
    exceeded: int = 0


class MemoryGuard:
    """Watches workers while their tasks run."""

    def __init__(self) -> None:
        self._watched: dict[Worker, _Watched] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, worker: Worker, memory_gb: float | None, name: str) -> Generator[None]:
        """While a task runs: raise MemoryExceededError in place of the worker's death, if this killed it."""
        if memory_gb is None:
            yield
            return
        watched = self._watched[worker] = _Watched(int(memory_gb * SLACK * GB))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="memory-guard")
        try:
            yield
        except WorkerDiedError as error:
            if watched.exceeded:
                held = f"held {watched.exceeded / GB:.2f} GB and asked for {memory_gb:g}"
                raise MemoryExceededError(f"Job {name} {held}: it was killed.") from error
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
            held = await asyncio.to_thread(usage_of_sessions, [worker.pid for worker in self._watched])
            for worker, watched in self._watched.items():
                if (memory := held.get(worker.pid, Usage()).memory) > watched.limit:
                    watched.exceeded = memory
                    worker.kill()
