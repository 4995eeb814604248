"""The daemon: the only place where the parts of the service are made and put together.

Its life is a stack of nested contexts: what was begun last ends first. The first SIGTERM drains, the second
forces; a kill at any moment is fine too, because everything that was answered for is in the store.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

import uuid_utils
from pydantic import SecretStr

from duetmind_adaptive.jobs.cpus import usable_cpus
from duetmind_adaptive.jobs.job_logs import JobLogs
from duetmind_adaptive.jobs.kept_output import KeptOutput
from duetmind_adaptive.jobs.output import Sinks
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.ray_pool import RayPool
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.service.clock import SystemClock, clock_from
from duetmind_adaptive.service.engine import Engine, schedules
from duetmind_adaptive.service.heartbeat import beat
from duetmind_adaptive.service.http.auth import ensure_token
from duetmind_adaptive.service.http.server import HttpServer
from duetmind_adaptive.service.liveness import Liveness
from duetmind_adaptive.service.lock import StateLock
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.service.metrics_feed import MetricsFeed
from duetmind_adaptive.service.plugins import load_handlers
from duetmind_adaptive.service.reloading import Reloader
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.service.schedule.timer import ModelTimer
from duetmind_adaptive.service.systemd import Notifier
from duetmind_adaptive.service.view import View
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.secrets import read_secret
from duetmind_adaptive.settings.types import SecretRef
from duetmind_adaptive.store.database import Database, open_store
from duetmind_adaptive.store.sqlite import version_note

log = get_logger(__name__)

#: what the fork server of its workers imports
PRELOAD = ("duetmind_adaptive.tasks.preload",)
#: where, in the state folder, what jobs printed is kept
JOB_LOGS = "job-logs"

#: exit status when a part of the service died: a service manager should start it anew
BROKEN = 70

#: exit status after a second signal: stopped at once, as a kill would, and as safe
FORCED = 130

#: a signal this soon after the first is its echo, seconds: timeout(1) tells the process, then its whole group
ECHO = 0.1


async def serve(loaded: Loaded, environ: Mapping[str, str]) -> int:
    """Run the daemon until it is told to stop; returns its exit status.

    Raises
    ------
    DuetMindError
        When it cannot begin: store unreachable, state folder taken, port in use.
    """
    daemon = Daemon(loaded, environ)
    async with AsyncExitStack() as stack:
        await daemon.enter(stack)
        await daemon.stopped()
    log.info("daemon.stopped")
    return daemon.status


class Daemon:
    """One running daemon."""

    def __init__(self, loaded: Loaded, environ: Mapping[str, str]) -> None:
        self._loaded = loaded
        self._environ = environ
        self._notifier = Notifier.from_environment(environ)
        self._stop = asyncio.Event()
        self.status = 0

    async def enter(self, stack: AsyncExitStack) -> None:
        """Begin everything, in the order in which the parts need each other."""
        loaded = self._loaded
        loaded.state.mkdir(parents=True, exist_ok=True)
        stack.enter_context(StateLock(loaded.state))
        store = await open_store(loaded.store_url)
        stack.push_async_callback(store.close)
        logs = JobLogs(loaded.state / JOB_LOGS, clean=redact)
        outputs = partial(KeptOutput, logs=logs)
        pool = await stack.enter_async_context(
            ProcessPool(guarded=True, resting=True, preload=PRELOAD, outputs=outputs)
        )
        cluster = await self._cluster(stack, outputs)
        metrics = Metrics()
        engine = self._engine(store, pool, cluster, metrics)
        scheduler = Scheduler(
            store, engine.clock, ModelTimer(engine.clock), engine.run_slot, settled=metrics.slots_settled
        )
        liveness = Liveness(store, scheduler, pool, metrics)
        reloader = Reloader(engine, scheduler, self._environ, self._notifier, metrics)
        view = View(engine, scheduler, pool, liveness, reloader, logs=logs, cluster=cluster)
        server = await stack.enter_async_context(HttpServer(view, loaded.config.http, self._token(), metrics))
        await engine.start()
        stack.push_async_callback(engine.stop)
        await scheduler.start(schedules(loaded))
        stack.push_async_callback(scheduler.stop)
        await self._supervise(stack, liveness, MetricsFeed(store, metrics))
        self._on_signals(reloader, liveness)
        liveness.started = True
        self._notifier.ready(f"watching {len(loaded.models)} models")
        log.info("daemon.ready", models=len(loaded.models), url=server.url)
        if note := version_note():
            log.info("store.note", message=note)

    async def stopped(self) -> None:
        """Return when the daemon was told to stop, or a part of it died."""
        await self._stop.wait()
        self._notifier.stopping()
        log.info("daemon.draining")

    async def _cluster(self, stack: AsyncExitStack, outputs: Sinks) -> RayPool | None:
        """What runs the jobs, where the config names a Ray cluster."""
        orchestration = self._loaded.config.orchestration
        if orchestration.ray_address is None:
            return None
        most = max(
            orchestration.max_concurrent_tasks, self._loaded.config.responses.scale_resources.max_concurrent_tasks
        )
        return await stack.enter_async_context(RayPool(orchestration.ray_address, most=most, outputs=outputs))

    def _engine(self, store: Database, pool: ProcessPool, cluster: RayPool | None, metrics: Metrics) -> Engine:
        most = self._loaded.config.orchestration.max_concurrent_tasks
        handlers = load_handlers(self._loaded, self._environ)
        for problem in (*self._loaded.warnings, *handlers.problems):
            log.warning("config.warning", message=problem)
        return Engine(
            self._loaded,
            store=store,
            clock=clock_from(self._loaded.config.clock),
            machine_clock=SystemClock(),
            executor=pool,
            handlers=handlers,
            owner=f"{os.getpid()}-{uuid_utils.uuid7()}",
            new_id=lambda: str(uuid_utils.uuid7()),
            # here no more than cores: what jobs leave of the ledger is for checks
            training_limit=most if cluster else min(most, usable_cpus()),
            training_most=None if cluster else usable_cpus(),
            job_executor=cluster,
            ask_cluster=cluster.wish if cluster else None,
            check_took=metrics.check_took,
        )

    def _token(self) -> str:
        reference = self._loaded.config.http.token
        given = None
        if reference is not None:
            given = self._secret(reference)
        return ensure_token(self._loaded.state, given)

    def _secret(self, reference: SecretRef) -> SecretStr:
        return read_secret(reference.model_dump(exclude_none=True), self._environ, self._loaded.path.parent)

    async def _supervise(self, stack: AsyncExitStack, liveness: Liveness, feed: MetricsFeed) -> None:
        """Tasks that last as long as the daemon; one that breaks takes the daemon with it."""
        works = [liveness.watch(), feed.follow(), self._notifier.keep_alive(liveness.alive)]
        if heartbeat := self._loaded.config.alerts.heartbeat:
            url = self._secret(heartbeat.url).get_secret_value()
            works.append(beat(url, heartbeat.every.total_seconds(), liveness.alive))
        for work in works:
            task = asyncio.create_task(work)
            task.add_done_callback(self._died)
            stack.callback(task.cancel)

    def _died(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        log.error("daemon.part_died", exc_info=task.exception())
        self.status = BROKEN
        self._stop.set()

    def _on_signals(self, reloader: Reloader, liveness: Liveness) -> None:
        loop = asyncio.get_running_loop()
        tasks = set[asyncio.Task[None]]()
        told: list[float] = []

        def stop() -> None:
            told.append(loop.time())
            if told[-1] - told[0] > ECHO:  # the second time: now
                os._exit(FORCED)
            liveness.draining = True
            self._stop.set()

        def reload() -> None:
            task = asyncio.create_task(reloader.reload())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop.add_signal_handler(signal.SIGTERM, stop)
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGHUP, reload)
