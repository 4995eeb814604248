"""The executor's twin that runs in process: for backtests, the library and tests.

Orders and answers are packed exactly as for a worker, so that what works here works in the pool, and what
fails there fails here with the same error. A time limit cannot be kept in process: it is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from duetmind_adaptive.contracts import ORDINARY, Claim
from duetmind_adaptive.errors import JobError
from duetmind_adaptive.jobs.share import one_thread_each
from duetmind_adaptive.jobs.wire import pack_order, unpack_answer
from duetmind_adaptive.jobs.worker import perform

T = TypeVar("T")


class InlineExecutor:
    """Runs each task at once, one after the other, in the event loop's thread; deterministic."""

    def __init__(self, *, guarded: bool = False, own_process: bool = True) -> None:
        #: as of the pool: answers of plain values and objects of ours only
        self._guarded = guarded
        self._closed = False
        if own_process:  # in somebody else's, how many threads libraries have is theirs to say
            one_thread_each()

    async def run(
        self,
        task: Callable[..., T],
        /,
        *args: object,
        timeout: timedelta,  # noqa: ARG002, ASYNC109 - the Executor contract's; nothing in process can keep it
        fresh: bool = False,  # noqa: ARG002 - there is but one process
        label: str = "",
        memory_gb: float | None = None,  # noqa: ARG002 - it has no memory of its own
        claim: Claim = ORDINARY,  # noqa: ARG002 - one task at a time has the whole machine
    ) -> T:
        """Raise what `task` raised, or JobError; see contracts.Executor."""
        name = label or task.__qualname__
        if self._closed:
            raise JobError(f"Job {name} was not run: the executor is closed.")
        await asyncio.sleep(0)
        return unpack_answer(perform(pack_order(task, args, name)), name, guarded=self._guarded)

    async def close(self) -> None:
        """Refuse further tasks."""
        self._closed = True
