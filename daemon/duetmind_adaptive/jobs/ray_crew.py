"""The hands that one client of a Ray cluster has: hired where Ray has room, kept a moment for the next task, dismissed.

Imported in the client's own process only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from duetmind_adaptive.jobs.memory import GB
from duetmind_adaptive.jobs.ray_hand import Hand, Job

#: seconds that a hand without a task keeps its part of the cluster
IDLE = 5.0
#: seconds beyond the grace in which a hand must have ended its task before Ray is told to kill it
PATIENCE = 5.0

Shape = tuple[float, int, float]


class RayCrew:
    """Runs jobs on hands.

    Parameters
    ----------
    ray
        The module, connected.
    grace
        Seconds between TERM and KILL.
    """

    def __init__(self, ray: Any, grace: float) -> None:
        self._ray = ray
        self._grace = grace
        self._actor = ray.remote(Hand)
        self._idle: dict[Any, tuple[Shape, asyncio.TimerHandle]] = {}
        #: jobs without a hand, oldest first, each with the start of one that it asked for
        self._waiting: dict[asyncio.Future[Any], tuple[Shape, asyncio.Task[None]]] = {}

    async def run(self, job: Job, tell: Callable[[list[str]], None]) -> bytes:
        """The job's packed answer; cancelled, it returns once the job's processes are dead.

        Parameters
        ----------
        tell
            Called with the lines that it prints, as they come, before this returns.

        Raises
        ------
        RayError
            When the hand died under the task.
        """
        hand = await self._hire(job.shape)
        listening = asyncio.create_task(self._listen(hand, job, tell)) if job.job else None
        try:
            answer = await hand.run.remote(job)
            if listening is not None:
                await asyncio.wait({listening}, timeout=PATIENCE)
        except asyncio.CancelledError:
            await self._stop(hand)
            raise
        except self._ray.exceptions.RayError:
            self._kill(hand)
            raise
        finally:
            if listening is not None:
                listening.cancel()
        self._offer(hand, job.shape)
        return answer

    async def _listen(self, hand: Any, job: Job, tell: Callable[[list[str]], None]) -> None:
        with suppress(self._ray.exceptions.RayError):  # the job's own end tells of it
            while (lines := await hand.printed.remote(job.job)) is not None:
                tell(lines)

    async def _hire(self, shape: Shape) -> Any:
        """A hand that waits for a task, one that comes free, or a new one, whichever is there first."""
        for hand, (held, timer) in self._idle.items():
            if held == shape:
                timer.cancel()
                del self._idle[hand]
                return hand
        for hand in list(self._idle):  # they may hold the very place that is needed
            self._retire(hand)
        call = asyncio.get_running_loop().create_future()
        self._waiting[call] = shape, asyncio.create_task(self._start(shape, call))
        try:
            return await call
        except asyncio.CancelledError:
            if call.done() and not call.cancelled() and not call.exception():
                self._kill(call.result())
            raise
        finally:
            _, start = self._waiting.pop(call, (shape, None))
            if start is not None:
                start.cancel()

    async def _start(self, shape: Shape, call: asyncio.Future[Any]) -> None:
        """Ask Ray for a place; whoever has waited longest for one like it gets the hand."""
        cores, gpus, memory_gb = shape
        wanted = self._actor.options(
            num_cpus=cores, num_gpus=gpus, memory=int(memory_gb * GB), max_restarts=0, max_task_retries=0
        )
        hand = wanted.remote(cores, self._grace)
        try:
            await hand.ready.remote()
        except asyncio.CancelledError:
            self._kill(hand)
            raise
        except self._ray.exceptions.RayError as error:
            self._kill(hand)
            if not call.done():
                call.set_exception(error)
            return
        self._offer(hand, shape)

    def _offer(self, hand: Any, shape: Shape) -> None:
        """Give a free hand to a job that waits for one like it; keep it a moment when no job waits at all."""
        for call, (wanted, start) in self._waiting.items():
            if wanted == shape and not call.done():
                call.set_result(hand)
                if start is not asyncio.current_task():
                    start.cancel()
                del self._waiting[call]
                return
        if self._waiting:
            self._kill(hand)
        else:
            self._idle[hand] = shape, asyncio.get_running_loop().call_later(IDLE, self._retire, hand)

    def _retire(self, hand: Any) -> None:
        _, timer = self._idle.pop(hand)
        timer.cancel()
        self._kill(hand)

    async def _stop(self, hand: Any) -> None:
        """Softly, then by force."""
        with suppress(TimeoutError, self._ray.exceptions.RayError):
            async with asyncio.timeout(self._grace + PATIENCE):
                await hand.cancel.remote()
        self._kill(hand)

    def _kill(self, hand: Any) -> None:
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(hand)
