"""Runs each model's check at its slots and tells, in rows, what became of every slot.

The rows are the schedule's only memory (R24): the scheduler may be dropped at any moment and built anew on the
same store. A crash leaves a slot due; the next start runs it again, which is safe because a check is
idempotent. The timer only wakes; a backtest has none and calls `next_wake` and `run_due` itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from duetmind_adaptive.contracts import Clock, Store, Transaction
from duetmind_adaptive.errors import DuetMindError
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.service.clock import wall_delay
from duetmind_adaptive.service.schedule import plans, rows
from duetmind_adaptive.service.schedule.rows import Fate, Slot
from duetmind_adaptive.service.schedule.slots import check_schedule
from duetmind_adaptive.service.schedule.turns import Turn, decide
from duetmind_adaptive.settings.schedule import ScheduleSettings

log = get_logger(__name__)

#: a check that starts this much (real time) after its slot was due is told as late
LATE_AFTER = timedelta(minutes=1)
#: real seconds between two looks at the clock, so that a machine's sleep or a clock that was set is noticed
BEAT = 5.0
#: real seconds that running checks get to end by themselves when the scheduler stops
STOP_GRACE = 20.0
#: downtime whose slots are counted off the event loop
LONG_GAP = timedelta(hours=1)
#: longest reason that a row holds, in characters
REASON_LENGTH = 500


class Timer(Protocol):
    """Wakes the scheduler when a model's slot is due; see `timer.ModelTimer`."""

    def start(self, fire: Callable[[str], None]) -> None:
        """Call `fire(model)` on the event loop at each alarm from now on."""
        ...

    def set(self, model: str, due: datetime) -> None:
        """Set or move the model's only alarm."""
        ...

    def cancel(self, model: str) -> None:
        """Forget the model's alarm."""
        ...

    def refresh(self) -> None:
        """Look at the wall clock again."""
        ...

    def stop(self) -> None:
        """Fire no more."""
        ...


@dataclass(slots=True)
class _Track:
    """A scheduled model: `pending` is its oldest slot that nothing was done about, always a row."""

    schedule: ScheduleSettings
    pending: Slot
    #: held while the rows of the model change
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def _ignore(_state: str, _count: int) -> None:
    """Count nothing."""


class Scheduler:
    """Every model's slots, one after the other; models do not wait for each other.

    Parameters
    ----------
    store
        Holds the rows.
    clock
        Whose time the schedules are in.
    timer
        What wakes the scheduler; None when a backtest drives it through `next_wake` and `run_due`.
    run
        Does a model's check for a slot; what it returns becomes the row's reason. Its failure is told as a
        missed slot and touches nothing else.
    settled
        Told the state and number of slots whenever some are settled (for metrics).
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        timer: Timer | None,
        run: Callable[[str, datetime], Awaitable[str | None]],
        *,
        settled: Callable[[str, int], None] = _ignore,
    ) -> None:
        self._store = store
        self._clock = clock
        self._timer = timer
        self._work = run
        self._settled = settled
        self._tracks: dict[str, _Track] = {}
        self._running: dict[str, datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beat: asyncio.Task[None] | None = None
        self._stopping = False
        #: `time.monotonic()` of the last sign of life, for the watchdog
        self.progressed_at = time.monotonic()

    # ------------------------------------------------------------ life-cycle

    async def start(self, models: Mapping[str, ScheduleSettings]) -> None:
        """Find where each model stood, plan its next slot, and begin.

        Raises
        ------
        ConfigError
            If a schedule can never run.
        """
        _check(models)
        now = self._clock.now()
        found = await self._store.write(lambda tx: plans.resume(tx.connection, models, now))
        self._tracks = {model: _Track(models[model], pending) for model, pending in found.items()}
        if self._timer is None:
            return
        self._timer.start(self._fire)
        for model, track in self._tracks.items():
            self._timer.set(model, track.pending.due)
        self._beat = asyncio.create_task(self._beats(self._timer), name="schedule-beat")

    async def set_models(self, models: Mapping[str, ScheduleSettings]) -> None:
        """Follow a reloaded config: forget, add and reschedule models; all others are left as they are.

        Raises
        ------
        ConfigError
            If a schedule can never run; nothing was changed then.
        """
        _check(models)
        for model in self._tracks.keys() - models.keys():
            await self._forget(model)
        for model, schedule in models.items():
            track = self._tracks.get(model)
            if track is None or track.schedule != schedule:
                await self._reschedule(model, schedule)

    async def stop(self, grace: float = STOP_GRACE) -> None:
        """Start nothing more and let running checks end, for `grace` real seconds; a cut-off slot stays due."""
        self._stopping = True
        if self._timer is not None:
            self._timer.stop()
        if self._beat is not None:
            self._beat.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ------------------------------------------------------------ for status and for backtests

    def next_due(self, model: str) -> datetime | None:
        """When the model's next check is due; None when it is not scheduled."""
        track = self._tracks.get(model)
        return track.pending.due if track else None

    def running(self, model: str) -> bool:
        """Whether a scheduled check of the model is under way."""
        return model in self._running

    def next_wake(self) -> datetime | None:
        """The earliest moment at which something is due."""
        return min((track.pending.due for track in self._tracks.values()), default=None)

    async def run_due(self, now: datetime) -> None:
        """Run everything due at `now`, one model after the other, so that a replay is always the same."""
        due = sorted((track.pending.due, model) for model, track in self._tracks.items() if track.pending.due <= now)
        for _, model in due:
            await self._turn_and_run(model, now)

    # ------------------------------------------------------------ turns

    def _fire(self, model: str) -> None:
        if self._stopping:
            return
        task = asyncio.create_task(self._supervised(model), name=f"schedule-{model}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beats(self, timer: Timer) -> None:
        while True:
            self.progressed_at = time.monotonic()
            timer.refresh()
            now = self._clock.now()
            for model, track in self._tracks.items():
                if track.pending.due <= now and not track.lock.locked():
                    self._fire(model)
            await asyncio.sleep(BEAT)

    async def _supervised(self, model: str) -> None:
        try:
            await self._turn_and_run(model, self._clock.now())
        except Exception:  # the store refused: the rows are as they were, and the next beat tries again
            log.exception("schedule.turn_failed", model=model)

    async def _turn_and_run(self, model: str, now: datetime) -> None:
        track = self._tracks.get(model)
        if track is None:
            return
        async with track.lock:
            if self._tracks.get(model) is not track:
                return
            slot = await self._turn(model, track, now)
            if slot is not None:
                self._running[model] = slot.slot
        if slot is not None:
            await self._run(slot)

    async def _turn(self, model: str, track: _Track, now: datetime) -> Slot | None:
        """Settle what passed, plan what comes; the slot to run, if there is one."""
        deciding = partial(decide, track.schedule, track.pending, now, self._running.get(model))
        turn = await asyncio.to_thread(deciding) if now - track.pending.slot > LONG_GAP else deciding()
        run = None
        if turn is not None:
            running = self._running.get(model)
            run = await self._store.write(lambda tx: self._take(tx, turn, now, running))
            track.pending = turn.next
        if self._timer is not None and not self._stopping:
            self._timer.set(model, track.pending.due)
        return run

    def _take(self, tx: Transaction, turn: Turn, now: datetime, running: datetime | None) -> Slot | None:
        tx.after_commit(partial(self._tell, turn.settled))
        return plans.take(tx.connection, turn, now, running=running)

    def _tell(self, settled: tuple[Slot, ...]) -> None:
        for slot in settled:
            self._settled(slot.state, 1)

    # ------------------------------------------------------------ runs

    async def _run(self, slot: Slot) -> None:
        try:
            fate, reason = await self._outcome(slot)
            now = self._clock.now()
            if await self._store.write(lambda tx: rows.settle(tx.connection, slot, fate, reason, now)):
                self._settled(fate, 1)
        finally:
            self._running.pop(slot.model, None)

    async def _outcome(self, slot: Slot) -> tuple[Fate, str | None]:
        """Run the check; whatever it raises is the slot's fate, not the scheduler's."""
        lateness = -wall_delay(self._clock, slot.due)
        try:
            reason = await self._work(slot.model, slot.slot)
        except DuetMindError as error:
            log.warning("schedule.check_failed", model=slot.model, slot=slot.slot.isoformat(), reason=str(error))
            return "missed", str(error)[:REASON_LENGTH]
        except Exception as error:  # one model's check must not stop the schedule of the others
            log.exception("schedule.check_crashed", model=slot.model, slot=slot.slot.isoformat())
            return "missed", redact(f"{type(error).__name__}: {error}")[:REASON_LENGTH]
        if lateness <= LATE_AFTER:
            return "ran", reason
        late = f"started {lateness.total_seconds():.0f} s late"
        return "late", f"{late}; {reason}"[:REASON_LENGTH] if reason else late

    # ------------------------------------------------------------ following the config

    async def _forget(self, model: str) -> None:
        track = self._tracks[model]
        async with track.lock:
            now, running = self._clock.now(), self._running.get(model)
            await self._store.write(lambda tx: plans.forget(tx.connection, model, now, running=running))
            del self._tracks[model]
            if self._timer is not None:
                self._timer.cancel(model)

    async def _reschedule(self, model: str, schedule: ScheduleSettings) -> None:
        lock = track.lock if (track := self._tracks.get(model)) else asyncio.Lock()
        async with lock:
            now, running = self._clock.now(), self._running.get(model)
            adopting = partial(plans.adopt, model=model, schedule=schedule, now=now, running=running)
            pending = await self._store.write(lambda tx: adopting(tx.connection))
            self._tracks[model] = _Track(schedule, pending, lock)
            if self._timer is not None:
                self._timer.set(model, pending.due)


def _check(models: Mapping[str, ScheduleSettings]) -> None:
    for schedule in models.values():
        check_schedule(schedule)
