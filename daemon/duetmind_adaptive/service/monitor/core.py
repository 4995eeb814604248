"""The engine with one model, and the turns that a monitor takes with it; everything here runs on the private loop."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from glob import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import uuid_utils
from sqlalchemy import Connection

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.errors import DuetMindError, SourceError
from duetmind_adaptive.event_data import VersionData
from duetmind_adaptive.events import ModelPromoted, derive_id, make
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.records import TrainingReport
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.versions import Version
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.lock import StateLock
from duetmind_adaptive.service.monitor.channels import make_channels
from duetmind_adaptive.service.monitor.frames import (
    PRODUCTION,
    check_columns,
    forget_windows,
    keep_reference,
    keep_window,
)
from duetmind_adaptive.service.monitor.metrics import KNOWN, baselines_of, known_of, stated_of
from duetmind_adaptive.service.monitor.news import alerts_in, recommended
from duetmind_adaptive.service.monitor.place import Place
from duetmind_adaptive.service.monitor.results import Document, DriftResults, check_of
from duetmind_adaptive.service.monitor.setup import Options, loaded_for
from duetmind_adaptive.service.plugins import Handlers, load_actions
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.columns import feature_columns
from duetmind_adaptive.store import checks
from duetmind_adaptive.store.database import Database, open_store
from duetmind_adaptive.store.tables import unstamp
from duetmind_adaptive.tasks.requests import TRAIN_VERSION, TrainRequest, run_task

log = get_logger(__name__)

#: real seconds between two looks whether a message that waited is due
TEND_SECONDS = 5.0
#: in process nothing can end a task, so this bounds nothing
NO_LIMIT = timedelta(days=1)
#: checks that a sparkline shows
TRAIL = 30


class MonitorCore:
    """One open monitor; `open` makes it, `close` ends it, one turn at a time in between."""

    def __init__(self, options: Options, place: Place) -> None:
        self.options = options
        self.place = place
        self.name = options.name
        self.warnings: tuple[str, ...] = ()
        self.turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._trail: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=TRAIL))
        self._features: tuple[str, ...] = ()
        #: the file of the reference that what serves is compared with
        self.kept = Path()
        self.store: Database
        self.engine: Engine

    # ------------------------------------------------------------ life

    async def open(self, reference: pa.Table, metrics: Mapping[str, Any] | None, environ: Mapping[str, str]) -> None:
        """Open the place, go on where it stood, and begin a version where the reference is a new one.

        Raises
        ------
        DuetMindError
            The place is taken or unusable, or an argument cannot be.
        """
        try:
            await self._open(reference, metrics, environ)
        except BaseException:
            await self.close()
            raise

    async def _open(self, reference: pa.Table, metrics: Mapping[str, Any] | None, environ: Mapping[str, str]) -> None:
        self.options = self.options.fitting(reference)
        baselines = baselines_of(metrics, reference.num_rows)
        if not self.place.fleeting:
            self._stack.enter_context(StateLock(self.place.folder))
        self._stack.callback(self.place.remove)
        kept = keep_reference(self.place.folder, reference)
        loaded = loaded_for(self.options, self.place.folder, self.place.store_url, Path(escape(str(kept))), baselines)
        channels, problems = make_channels(self.options.alerts.channels(), environ)
        self.actions, more = load_actions()
        self.warnings = (*problems, *more)
        self.store = await open_store(self.place.store_url)
        self._stack.push_async_callback(self.store.close)
        self.engine = Engine(
            loaded.model_copy(update={"channels": {k: v for k, v in loaded.channels.items() if k in channels}}),
            store=self.store,
            clock=SystemClock(),
            machine_clock=SystemClock(),
            executor=InlineExecutor(own_process=False),
            handlers=Handlers(channels=channels),
            owner=f"{os.getpid()}-{uuid_utils.uuid7()}",
            new_id=lambda: str(uuid_utils.uuid7()),
        )
        self._stack.push_async_callback(self.engine.close_channels)
        self._as_told, self.kept = self.model, kept
        await self.engine.recover()
        await self._begin(kept)
        await self._remember()
        tending = asyncio.create_task(self._tend())
        self._stack.callback(tending.cancel)

    async def close(self) -> None:
        """Let go of everything; a second call does nothing."""
        async with self.turn:
            await self._stack.aclose()

    async def _tend(self) -> None:
        """Send what waited for a moment: a channel's next try, or the end of a silence."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            due = self.engine.bus.next_due()
            if due is None or due > self.engine.machine_clock.now():
                continue
            try:
                async with self.turn:
                    await self.engine.settle()
            except Exception as error:  # supervision: one failed pass must not end all that follow
                log.exception("monitor.tending_failed", reason=str(error))

    # ------------------------------------------------------------ versions

    @property
    def model(self) -> Model:
        """The model's settings as they are now."""
        return self.engine.loaded.models[self.name]

    async def champion(self) -> Version:
        """The version that serves."""
        found = await self.store.read(lambda conn: versions.champion(conn, self.name))
        if found is None:
            raise DuetMindError(f"model {self.name} has no version to check yet")
        return found

    async def _begin(self, kept: Path) -> None:
        """A version of the reference, unless this place has seen the same before: then what serves goes on."""
        facts = (kept.name, *((each.name, each.value) for each in self.model.baselines))
        request = derive_id("reference", self.name, *map(str, facts))
        if not await self.store.read(lambda conn: versions.of_job(conn, request)):
            await self.adopt(kept, request=request)
        self._serve(await self.champion())

    async def begin(self, reference: pa.Table | None, metrics: Mapping[str, Any] | None) -> int:
        """As `rebase`, as a turn of its own."""
        async with self.turn:
            return await self.rebase(reference, metrics, request=self.engine.new_id())

    async def rebase(self, reference: pa.Table | None, metrics: Mapping[str, Any] | None, *, request: str) -> int:
        """Compare with another reference, or other baselines, from now on; returns the version's number."""
        model = self.model
        kept = self.kept if reference is None else keep_reference(self.place.folder, reference)
        if metrics is not None:
            rows = pq.read_metadata(kept).num_rows
            self._use(model.model_copy(update={"baselines": baselines_of(metrics, rows)}))
        number = await self.adopt(kept, request=request)
        await self.engine.settle()
        self._serve(await self.champion())
        return number

    async def adopt(self, kept: Path, *, request: str) -> int:
        """Make a version of this reference and have it serve; the same request makes one."""
        source = self.model.reference.model_copy(update={"path": escape(str(kept))})
        model = self.model.model_copy(update={"reference": source})
        now = self.engine.clock.now()
        asked = TrainRequest(model=model, job=request, attempt=1, champion=None, upto_row=0, now=now)
        report: TrainingReport = await self.engine.executor.run(run_task, TRAIN_VERSION, asked, timeout=NO_LIMIT)
        told = replace(report, extra={**report.extra, "reference": kept.name})
        number = await self.store.write(lambda tx: self._promote(tx, told, request))
        await self.engine.settle_champion(self.name)
        return number

    async def install(self, report: TrainingReport, model: Model, *, request: str, serves: bool) -> int:
        """Take a version that was trained elsewhere, and have it serve or be rejected; the same request takes one."""
        async with self.turn:
            if not serves:
                return await self.store.write(lambda tx: self._reject(tx, report, request))
            number = await self.store.write(lambda tx: self._promote(tx, report, request))
            await self.engine.settle_champion(self.name)
            await self.engine.settle()
            await self.look_after(model)
            return number

    async def look_after(self, model: Model) -> None:
        """Know of the model what its own training knows: target, task, metric, pipeline and the rows it learned from.

        What was told when the monitor was made goes on to hold: schedule, threshold, responses, folder.
        """
        known = ("task", "target", "metric", "features", "pipeline", "automl", "reference")
        self._as_told = self.model.model_copy(update={name: getattr(model, name) for name in known})
        self._use(self._as_told)
        self._serve(await self.champion())

    def _promote(self, tx: Transaction, report: TrainingReport, request: str) -> int:
        now = self.engine.clock.now()
        first = versions.champion(tx.connection, self.name) is None
        number = versions.register(tx, self.name, report, job=request, now=now)
        reason = Reason.FIRST_VERSION if first else Reason.MANUAL
        switch = versions.promote(tx, self.name, number, request=request, reason=reason, now=now)
        if switch is not None:
            data = VersionData(
                model=self.name, version=number, previous=switch.previous, reason=reason, metric=switch.metric,
                sha256=switch.sha256, job=request,
            )  # fmt: skip
            self.engine.bus.publish_in(tx, make(ModelPromoted, data, id=derive_id(request, "promoted"), time=now))
        return number

    def _reject(self, tx: Transaction, report: TrainingReport, request: str) -> int:
        return versions.register(tx, self.name, report, job=request, now=self.engine.clock.now(), state="rejected")

    def _serve(self, champion: Version, rows: int | None = None) -> None:
        """Have the engine know the reference and the baselines of what serves, and how long the next window is."""
        model, told = self.model, self._as_told
        extra: Mapping[str, Any] = champion.body.get("extra", {})
        name, update = extra.get("reference"), dict[str, Any]()
        if name is not None and not champion.sha256:
            self.kept = self.place.folder / name
            update["reference"] = told.reference.model_copy(update={"path": escape(str(self.kept))})
            update["baselines"] = baselines_of(champion.body["metrics"], champion.body["train_size"])
        elif "workflow" in extra and champion.baseline is not None:
            held = {key: value for key, value in champion.body["metrics"].items() if key in KNOWN}
            update["baselines"] = baselines_of(held, champion.baseline.rows)
        if rows is not None:
            window = model.production.window.model_copy(update={"rows": rows})
            update["production"] = model.production.model_copy(update={"window": window})
        self._use(model.model_copy(update=update))

    def _use(self, model: Model) -> None:
        self.engine.loaded = self.engine.loaded.model_copy(update={"models": {self.name: model}})
        if self.kept.is_file():
            self._features = feature_columns(pq.read_schema(self.kept), model)

    # ------------------------------------------------------------ a check

    async def detect(self, table: pa.Table, metrics: Mapping[str, Any] | None) -> DriftResults:
        """Check the rows as the next window, decide, tell; and say what is asked for."""
        check_columns(table.column_names, self._features, "current_data")
        async with self.turn:
            first_row, seq = await self.store.read(self._where)
            self._serve(await self.champion(), rows=table.num_rows)
            stated = stated_of(metrics, self.model.baselines, table.num_rows)
            keep_window(self.place.folder / PRODUCTION, table, first_row)
            if not await self.engine.checks.run_one(self.name, stated):
                raise SourceError(f"model {self.name}: the window from row {first_row} on could not be read")
            await self.engine.settle()
            forget_windows(self.place.folder / PRODUCTION, first_row + table.num_rows)
            return await self._results(seq, metrics)

    def _where(self, conn: Connection) -> tuple[int, int]:
        return checks.cursor(conn, self.name).next_row, event_log.last_seq(conn)

    async def _results(self, seq: int, metrics: Mapping[str, Any] | None) -> DriftResults:
        row = await self.store.read(lambda conn: checks.latest(conn, self.name))
        if row is None:
            raise DuetMindError(f"model {self.name}: the check left no report")
        document = check_of(self.name, unstamp(row.at), row.report)
        for name, column in document["columns"].items():
            self._trail[name].append(column["effect"])
        document["alerts"] = await self.store.read(
            lambda conn: alerts_in(conn, seq, tuple(self.engine.handlers.channels))
        )
        document["recommended_actions"] = await self.recommended(seq)
        document["notes"] = self._notes(metrics)
        return DriftResults(document, {name: tuple(effects) for name, effects in self._trail.items()})

    async def recommended(self, seq: int | None) -> list[str]:
        """The enabled actions that something asks for: what the policy waits for, and what happened after `seq`."""
        enabled, actions = self.model.responses, self.actions if seq is not None else {}
        return await self.store.read(lambda conn: recommended(conn, self.name, enabled, actions, seq or 0))

    def _notes(self, metrics: Mapping[str, Any] | None) -> list[str]:
        known = known_of(metrics)
        lacking = [each.name for each in self.model.baselines if each.name not in known]
        labelled = self.model.target is not None and self.model.metric in lacking
        lacking = [name for name in lacking if not (labelled and name == self.model.metric)]
        return [f"{name} was not stated, so it was not held against its baseline" for name in lacking]

    async def history(self) -> list[Document]:
        """Every check, oldest first."""
        rows = await self.store.read(lambda conn: checks.history(conn, self.name))
        return [check_of(self.name, unstamp(row.at), row.report) for row in rows]

    async def _remember(self) -> None:
        """Effects of the newest checks, so that sparklines go on after a restart."""
        newest = await self.store.read(lambda conn: checks.page(conn, model=self.name, before=None, limit=TRAIL))
        for row in reversed(newest):
            for name, column in check_of(self.name, unstamp(row.at), row.report)["columns"].items():
                self._trail[name].append(column["effect"])
