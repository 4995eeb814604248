"""The retrain job: what a worker is asked for, and what becomes of its answer, in one transaction.

The version, its promotion or rejection and the events that tell of them are committed together with the end of
the job, so that a kill at any moment leaves either a job to run again or a finished story.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from duetmind_adaptive.contracts import Bus, Clock, Store, Transaction
from duetmind_adaptive.errors import JobError
from duetmind_adaptive.event_data import Data, RetrainData, VersionData
from duetmind_adaptive.events import (
    Envelope,
    ModelPromoted,
    ModelRejected,
    RetrainFailed,
    RetrainStarted,
    RetrainSucceeded,
    derive_id,
    make,
)
from duetmind_adaptive.jobs.kinds import Order
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.records import GateResult, TrainingReport
from duetmind_adaptive.registry import hold_outs, versions
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.store import audit, checks
from duetmind_adaptive.store.audit import Act
from duetmind_adaptive.tasks.requests import TRAIN_VERSION, TrainRequest, run_task

log = get_logger(__name__)

#: versions that served before and answer the rows that a challenger is chosen on: each costs a load and its answers;
#: learning again as rows of a new world come in makes up to five for each world, so these reach two worlds back
FORMER_VERSIONS = 8


class RetrainKind:
    """Implements `jobs.runner.JobKind` for jobs of kind `retrain`."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        models: Callable[[str], Model | None],
        switched: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._models = models
        self._switched = switched

    async def prepare(self, job: Job) -> Order:
        """Decide what to learn from: everything labelled up to the last checked window."""
        model = self._models(job.model)
        if model is None:
            raise JobError(f"model {job.model} is no longer in the config")
        request = await self._store.read(lambda conn: self._request(conn, model, job))
        return Order(task=run_task, args=(TRAIN_VERSION, request), limit=model.job_timeout)

    def started(self, tx: Transaction, job: Job) -> None:
        """Tell that the training began."""
        champion = versions.champion(tx.connection, job.model)
        data = RetrainData(
            model=job.model, reason="started", version=champion.version if champion else None, job=job.id
        )
        self._publish(tx, RetrainStarted, data, job, f"started {job.attempt}")

    def complete(self, tx: Transaction, job: Job, result: TrainingReport) -> None:
        """Register the version; promote it if it is the first or proved itself, else reject it and say why."""
        now = self._clock.now()
        previous = versions.champion(tx.connection, job.model)
        version = versions.register(tx, job.model, result, job=job.id, now=now)
        hold_outs.note(tx, job.model, result, job=job.id, now=now)
        metric = result.baseline.value if result.baseline else None
        told = RetrainData(model=job.model, reason="trained", version=version, job=job.id, metric=metric)
        self._publish(tx, RetrainSucceeded, told, job, "succeeded")
        if previous is None:
            self._promote(tx, job, version, result, Reason.FIRST_VERSION)
        elif result.champion != previous.version:  # somebody switched meanwhile: nothing is proved against their choice
            data = _version_data(job, version, previous.version, result, Reason.CHAMPION_CHANGED)
            message = f"Version {previous.version} began to serve meanwhile, and against it nothing is proved."
            self._reject(tx, job, data.model_copy(update={"message": f"{message} {data.message}".strip()}))
        elif result.gate is not None and result.gate.verdict == "better":
            why = Reason.GATE_PASSED if result.again is None else Reason.FORMER_VERSION
            self._promote(tx, job, version, result, why)
        else:
            self._reject(tx, job, _version_data(job, version, previous.version, result, _why_not(result.gate)))

    def abandon(self, tx: Transaction, job: Job, reason: str) -> None:
        """Tell that there will be no version."""
        data = RetrainData(model=job.model, reason="failed", message=reason, job=job.id)
        self._publish(tx, RetrainFailed, data, job, "failed")

    async def after_commit(self, job: Job) -> None:
        """Bring the champion link in line with what was committed."""
        await self._switched(job.model)

    def _request(self, conn: Connection, model: Model, job: Job) -> TrainRequest:
        champion = versions.champion(conn, model.name)
        latest = checks.latest(conn, model.name)
        return TrainRequest(
            model=model,
            job=job.id,
            attempt=job.attempt,
            champion=versions.version_ref(champion, model.folder) if champion else None,
            upto_row=latest.last_row if latest else 0,
            cursor=checks.cursor(conn, model.name).position,
            now=self._clock.now(),
            spent_before=hold_outs.spent_before(conn, model.name),
            former=tuple(versions.version_ref(each, model.folder) for each in self._former(conn, model)),
        )

    @staticmethod
    def _former(conn: Connection, model: Model) -> list[versions.Version]:
        return versions.former(conn, model.name, limit=FORMER_VERSIONS) if model.trainer is None else []

    def _promote(self, tx: Transaction, job: Job, version: int, report: TrainingReport, reason: Reason) -> None:
        now = self._clock.now()
        switch = versions.promote(tx, job.model, version, request=job.id, reason=reason, now=now)
        if switch is None:
            return
        what = f"promote version {version}"
        audit.note(tx, Act(audit.POLICY, what, job.model, reason, job.id), now=self._clock.now())
        data = _version_data(job, version, switch.previous, report, reason)
        self._publish(tx, ModelPromoted, data, job, "promoted")

    def _reject(self, tx: Transaction, job: Job, data: VersionData) -> None:
        versions.reject(tx, job.model, data.version)
        self._publish(tx, ModelRejected, data, job, "rejected")

    def _publish(self, tx: Transaction, kind: type[Envelope[Any]], data: Data, job: Job, step: str) -> None:
        self._bus.publish_in(tx, make(kind, data, id=derive_id(job.id, step), time=self._clock.now()))
        facts = data.model_dump(include={"version", "reason", "message"}, exclude_defaults=True)
        log.info("retrain." + step.split(maxsplit=1)[0], model=job.model, job=job.id, **facts)


def _version_data(job: Job, version: int, previous: int | None, report: TrainingReport, reason: Reason) -> VersionData:
    return VersionData(
        model=job.model,
        version=version,
        previous=previous,
        reason=reason,
        message=report.gate.reason if report.gate else "",
        metric=report.baseline.value if report.baseline else None,
        sha256=report.sha256,
        gate=_gate_data(report.gate) if report.gate else None,
        again=report.again,
        job=job.id,
    )


def _why_not(gate: GateResult | None) -> Reason:
    if gate is not None and gate.spent:
        return Reason.HOLD_OUT_SPENT
    return Reason.SEGMENT_WORSE if gate is not None and gate.segment is not None else Reason.GATE_FAILED


def _gate_data(gate: GateResult) -> dict[str, Any]:
    return {
        "verdict": gate.verdict,
        "metric": gate.metric,
        "rows": gate.rows,
        "champion": gate.champion,
        "challenger": gate.challenger,
        "difference": gate.difference,
        "low": gate.low,
        "high": gate.high,
        "confidence": gate.confidence,
        "segment": asdict(gate.segment) if gate.segment else None,
    }
