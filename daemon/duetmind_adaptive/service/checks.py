"""Runs a model's due check: every complete window not yet checked, in order, each durable before the next."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.contracts import Bus, Claim, Clock, Executor, Store, Transaction
from duetmind_adaptive.errors import DuetMindError, SourceError
from duetmind_adaptive.event_data import CheckFailedData
from duetmind_adaptive.events import CheckFailed, derive_id, source_of
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.records import MetricReading, VersionRef
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.registry import versions
from duetmind_adaptive.service import reports
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.store import checks, states, window_profiles
from duetmind_adaptive.tasks.requests import CHECK_NEXT, Aged, CheckOutcome, CheckRequest, LateWindow, Watched, run_task

log = get_logger(__name__)

#: a window whose check takes longer than this is stuck, not big
CHECK_TIMEOUT = timedelta(minutes=10)

#: half of each core is for checks, half for jobs: a training of an hour never keeps a check waiting, on one core either
CHECK_CORES = 0.5

#: above jobs, which wait for what checks found
CHECK_PRIORITY = 1

#: windows that wait for their labels and are looked at again in each check; older ones are given up
LATE_WINDOWS = 100

#: longest message of an error that is not ours, in characters
MESSAGE_LENGTH = 500


class CheckService:
    """Checks one model at a time per model; different models side by side as the executor allows."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        executor: Executor,
        clock: Clock,
        models: Callable[[str], Model | None],
        new_id: Callable[[], str],
        took: Callable[[float], None],
    ) -> None:
        self._store = store
        self._bus = bus
        self._executor = executor
        self._clock = clock
        self._models = models
        self._new_id = new_id
        self._took = took
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        #: sentences on broken detectors that were told already
        self._told = set[tuple[str, str]]()

    async def run(self, name: str, _slot: datetime | None = None) -> str:
        """Check every window that is complete; returns a plain sentence on what was done.

        Raises
        ------
        DuetMindError
            When there is no champion to check yet, or the data cannot be read (told once as an event).
        """
        async with self._locks[name]:
            done, waiting = 0, ""
            while not waiting:
                waiting = await self._run_one(name)
                done += not waiting
            return f"{done} windows checked; {waiting}"

    async def run_one(self, name: str, stated: tuple[MetricReading, ...] = ()) -> bool:
        """Check the next window; False when there is none. The backtest's step, and the library's.

        Parameters
        ----------
        stated
            The window's metrics, where the caller has measured them.
        """
        async with self._locks[name]:
            return not await self._run_one(name, stated)

    async def _run_one(self, name: str, stated: tuple[MetricReading, ...] = ()) -> str:
        model = self._models(name)
        if model is None:
            return "the model is no longer in the config"
        request = replace(await self._store.read(lambda conn: self._request(conn, model)), stated=stated)
        try:
            outcome = await self._executor.run(
                run_task,
                CHECK_NEXT,
                request,
                timeout=CHECK_TIMEOUT,
                label=f"check {name}",
                claim=Claim(cpu_cores=CHECK_CORES, priority=CHECK_PRIORITY, account=name),
            )
        except Exception as problem:  # supervision: whatever ends a check is told, also what nobody thought of
            failure = problem  # outlives the except block, which the store's writer does not wait for
            await self._store.write(lambda tx: self._tell_problem(tx, name, failure))
            raise
        failpoint("check.before_commit")
        await self._store.write(lambda tx: self._commit(tx, model, outcome))
        failpoint("check.after_commit")
        if outcome.report is None:
            return outcome.waiting
        self._took(outcome.report.seconds)
        self._tell_broken(name, outcome.report)
        return ""

    def _tell_broken(self, name: str, report: CheckReport) -> None:
        """Log a detector that could not be run, once: each report says it again."""
        for each in report.detectors:
            if each.failed and (name, each.reason) not in self._told:
                self._told.add((name, each.reason))
                log.warning("check.detector_failed", model=name, detector=each.name, message=redact(each.reason))

    def _request(self, conn: Connection, model: Model) -> CheckRequest:
        champion = versions.champion(conn, model.name)
        if champion is None:
            raise DuetMindError(f"model {model.name} has no version to check yet")
        document = states.load_state(conn, model.name)
        state = ModelState.model_validate_json(document) if document else ModelState()
        late = checks.unlabelled(conn, model.name, LATE_WINDOWS) if model.target else []
        refs = {number: self._ref(conn, model, number) for number in {number for _, number in late}}
        return CheckRequest(
            model=adjusted(model, state),
            version=versions.version_ref(champion, model.folder),
            cursor=checks.cursor(conn, model.name).position,
            now=self._clock.now(),
            unlabelled=tuple(LateWindow(window=w, version=ref) for w, n in late if (ref := refs[n])),
            memory=checks.memory(conn, model.name),
            aged=self._aged(conn, model),
            watched=self._watched(conn, model, state),
        )

    def _watched(self, conn: Connection, model: Model, state: ModelState) -> Watched | None:
        """The version before the one that serves, while the policy watches how the new one does."""
        watch = state.watch
        previous = self._ref(conn, model, watch.previous) if watch else None
        return Watched(previous=previous, from_row=watch.from_row) if watch and previous else None

    def _aged(self, conn: Connection, model: Model) -> Aged | None:
        """Profiles of old windows that this check is to make one."""
        due = window_profiles.due(conn, model.name)
        version = self._ref(conn, model, due[0]) if due else None
        if due is None or version is None:
            return None
        first_rows, bodies = zip(*due[1], strict=True)
        return Aged(version=version, first_rows=first_rows, bodies=bodies)

    @staticmethod
    def _ref(conn: Connection, model: Model, number: int) -> VersionRef | None:
        row = versions.get(conn, model.name, number)
        return versions.version_ref(row, model.folder) if row else None

    def _commit(self, tx: Transaction, model: Model, outcome: CheckOutcome) -> None:
        report = outcome.report
        if report is None:
            checks.keep_place(tx, model.name, outcome.cursor)
            return
        now = self._clock.now()
        if checks.record(tx, model.name, report, body=reports.document(report), position=outcome.cursor, now=now):
            metric = report.performance.reading.name if report.stated and report.performance else _metric_of(model)
            self._bus.publish_in(tx, reports.completed(model.name, metric, report, id=self._new_id(), now=now))
            if outcome.memory is not None:
                checks.remember(tx, model.name, outcome.memory)
            self._keep_profiles(tx, model.name, report, outcome, now)

    @staticmethod
    def _keep_profiles(tx: Transaction, model: str, report: CheckReport, outcome: CheckOutcome, now: datetime) -> None:
        if outcome.profile is not None and report.version is not None:
            window_profiles.keep(tx, model, report.version, report.window, outcome.profile, now=now)
        if outcome.day is not None:
            window_profiles.fold(tx, model, outcome.day.version, outcome.day.first_rows, outcome.day.body)

    def _tell_problem(self, tx: Transaction, name: str, error: Exception) -> None:
        """A standing problem is told once, however many slots find it; a new one is told anew."""
        message = str(error) if isinstance(error, DuetMindError) else _unexpected(error)
        if not checks.note_problem(tx, name, message):
            return
        reason = error.code if isinstance(error, SourceError) else "check_crashed"
        row = checks.cursor(tx.connection, name).next_row
        now = self._clock.now()
        data = CheckFailedData(model=name, reason=reason, message=message)
        event_id = derive_id("check_failed", name, row, message, now.isoformat())
        self._bus.publish_in(tx, CheckFailed(id=event_id, source=source_of(name), time=now, data=data))
        log.warning("check.failed", model=name, reason=reason, message=message)


def _metric_of(model: Model) -> str | None:
    return model.metric if model.target else None


def adjusted(model: Model, state: ModelState) -> Model:
    """The model with the threshold that was learned, or set, since its config was written."""
    return model.model_copy(update={"drift_threshold": state.threshold.present(model.drift_threshold)})


def _unexpected(error: Exception) -> str:
    """An error that is not ours, without secrets, in one line of bounded length; the log has the traceback."""
    return redact(" ".join(f"the check failed with {type(error).__name__}: {error}".split()))[:MESSAGE_LENGTH]
