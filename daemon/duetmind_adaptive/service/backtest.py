"""Replays a model's history through the daemon's own engine, on a simulated clock, in this process.

Only three things differ from the daemon: the store is in memory, the clock stands still until the next thing is
due, and nobody is told. What checks, decides, retrains and promotes is the same code on the same rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import fmean
from typing import Any

from duetmind_adaptive.contracts import Executor
from duetmind_adaptive.errors import DuetMindError, SourceError
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.records import Window
from duetmind_adaptive.registry import versions
from duetmind_adaptive.service.clock import SimulatedClock, utc_now
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.history import history, measured_of, unmeasured
from duetmind_adaptive.service.plugins import Handlers
from duetmind_adaptive.service.schedule.slots import next_slot
from duetmind_adaptive.settings.model import Loaded, Model
from duetmind_adaptive.store.database import Database, open_store
from duetmind_adaptive.tasks.requests import EVERY_WINDOW, LIST_WINDOWS, MEASURE_WINDOWS, TrainRequest, run_task

#: reading a whole history, or scoring it once
PASS_TIMEOUT = timedelta(hours=1)

Progress = Callable[[int, int], None]


async def backtest(
    loaded: Loaded,
    name: str,
    *,
    executor: Executor,
    handlers: Handlers,
    scratch: Path,
    progress: Progress = lambda _done, _total: None,
    every_window: bool = False,
) -> dict[str, Any]:
    """Replay one model; returns the contract's document.

    Parameters
    ----------
    scratch
        An empty folder for the versions the replay trains; the daemon's own state is never touched.
    progress
        Told how many windows of how many are done.
    every_window
        Add what 'retrain every window' would have come to: `metric_every`, which costs a fit per window.

    Raises
    ------
    DuetMindError
        When the history cannot be read, or no first model can be trained on the reference.
    """
    started = time.perf_counter()
    model = loaded.models[name].model_copy(update={"folder": scratch / name})
    windows: Sequence[Window] = await executor.run(run_task, LIST_WINDOWS, model, utc_now(), timeout=PASS_TIMEOUT)
    if not windows:
        raise SourceError(f"model {name}: the production data holds no complete window; nothing to replay")
    clock = SimulatedClock(windows[0].start or datetime(2000, 1, 1, tzinfo=UTC))
    store = await open_store("sqlite://")
    try:
        only = loaded.model_copy(update={"models": {name: model}})
        engine = _engine(only, store, clock, executor, handlers)
        await _replay(engine, model, windows, clock, progress)
        static = await _static(engine, model, windows)
        plain = await _plain(engine, model, windows)
        seconds = time.perf_counter() - started
        metric = model.metric if model.target else ""
        document = await store.read(
            lambda conn: history(conn, name, metric=metric, static=static, plain=plain, seconds=seconds)
        )
        return await _beside_every(engine, model, windows, document) if every_window else document
    finally:
        await store.close()


async def _beside_every(
    engine: Engine, model: Model, windows: Sequence[Window], document: dict[str, Any]
) -> dict[str, Any]:
    request = TrainRequest(model=model, job="", attempt=1, champion=None, upto_row=0, now=_last_moment(engine, model))
    values = await engine.executor.run(run_task, EVERY_WINDOW, request, tuple(windows), timeout=PASS_TIMEOUT)
    each = [{**window, "metric_every": value} for window, value in zip(document["windows"], values, strict=True)]
    known = [value for value in values if value is not None]
    summary = {**document["summary"], "metric_every": fmean(known) if known else None}
    return {**document, "windows": each, "summary": summary}


def _last_moment(engine: Engine, model: Model) -> datetime:
    """When all labels of the history are in."""
    return engine.clock.now() + model.labels.delay


def _engine(loaded: Loaded, store: Database, clock: SimulatedClock, executor: Executor, handlers: Handlers) -> Engine:
    ids = count()
    return Engine(
        loaded,
        store=store,
        clock=clock,
        machine_clock=clock,
        executor=executor,
        handlers=Handlers(actions=handlers.actions),
        owner="backtest",
        new_id=lambda: derive_id("backtest", next(ids)),
    )


async def _replay(
    engine: Engine, model: Model, windows: Sequence[Window], clock: SimulatedClock, progress: Progress
) -> None:
    await engine.prepare()
    await engine.settle()
    if await engine.store.read(lambda conn: versions.champion(conn, model.name)) is None:
        raise DuetMindError(await _why_no_version(engine, model.name))
    for index, window in enumerate(windows):
        await clock.advance_to(next_slot(model.schedule, max(window.end or clock.now(), clock.now())))
        await engine.checks.run_one(model.name)
        await engine.settle()
        progress(index + 1, len(windows))


async def _plain(engine: Engine, model: Model, windows: Sequence[Window]) -> dict[int, float | None]:
    """By first row: what windows score with the version that served them that have too few rows to be judged."""
    served = await engine.store.read(lambda conn: unmeasured(conn, model.name))
    found: dict[int, float | None] = {}
    for version in set(served.values()):
        here = [window for window in windows if served.get(window.first_row) == version]
        values = await _measured(engine, model, version, here)
        found |= {window.first_row: value for window, value in zip(here, values, strict=True)}
    return found


async def _static(engine: Engine, model: Model, windows: Sequence[Window]) -> Sequence[float | None]:
    """How the first version does on all windows; what it served was measured by its checks already."""
    known = await engine.store.read(lambda conn: measured_of(conn, model.name, 1))
    others = [window for window in windows if window.first_row not in known]
    measured = await _measured(engine, model, 1, others) if others else ()
    values = dict(zip((window.first_row for window in others), measured, strict=True))
    return [known.get(window.first_row, values.get(window.first_row)) for window in windows]


async def _measured(engine: Engine, model: Model, version: int, windows: Sequence[Window]) -> Sequence[float | None]:
    """How a version does on windows, whichever served them."""
    row = await engine.store.read(lambda conn: versions.get(conn, model.name, version))
    if row is None or model.target is None:
        return [None] * len(windows)
    reference = versions.version_ref(row, model.folder)
    now = _last_moment(engine, model)
    return await engine.executor.run(
        run_task, MEASURE_WINDOWS, model, reference, tuple(windows), now, timeout=PASS_TIMEOUT
    )


async def _why_no_version(engine: Engine, name: str) -> str:
    jobs = await engine.store.read(lambda conn: queue.page(conn, limit=1))
    return f"model {name}: no first version could be made: {jobs[0].error if jobs else 'nothing asked for one'}"
