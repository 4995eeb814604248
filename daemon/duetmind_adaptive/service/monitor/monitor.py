"""The monitor that the guide's section 4 describes: frames in, a verdict out, people told, responses on request."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from duetmind_adaptive.records import TrainingReport
from duetmind_adaptive.service.monitor.configuration import AlertConfig, ResponseAction, ResponseConfig
from duetmind_adaptive.service.monitor.core import MonitorCore
from duetmind_adaptive.service.monitor.frames import rows_of
from duetmind_adaptive.service.monitor.loop import PrivateLoop
from duetmind_adaptive.service.monitor.place import Place
from duetmind_adaptive.service.monitor.responding import Responder
from duetmind_adaptive.service.monitor.results import ActionOutcome, Document, DriftAlert, DriftHistory, DriftResults
from duetmind_adaptive.service.monitor.setup import Options
from duetmind_adaptive.settings.model import Model

#: fewest rows of a reference
FEWEST_REFERENCE_ROWS = 2


class MonitoringWarning(UserWarning):
    """A part of the monitor is off until a setting is given; the rest goes on."""


class EnhancedDriftMonitor:
    """Watches one model: the daemon's engine in process. Made by `create_enhanced_drift_monitor`.

    Calls may come from any thread and from coroutines, one at a time is worked off. `close` (or a `with` block) lets
    go of the folder; a process that ends without it loses nothing.

    Parameters
    ----------
    core, loop
        The engine, opened, and the loop that it lives on.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> frame = lambda mean: pd.DataFrame({"age": rng.normal(mean, 1, 500), "income": rng.normal(0, 1, 500)})
    >>> with create_enhanced_drift_monitor(frame(0), {"accuracy": 0.9}) as monitor:
    ...     calm = monitor.detect_comprehensive_drift(frame(0), {"accuracy": 0.9})
    ...     moved = monitor.detect_comprehensive_drift(frame(2), {"accuracy": 0.7})
    >>> calm["drift"], moved["kinds"], moved["severity"]
    (False, ['data', 'model'], <DriftSeverity.CRITICAL: 'critical'>)
    """

    def __init__(self, core: MonitorCore, loop: PrivateLoop) -> None:
        self._core = core
        self._loop = loop
        self._responder = Responder(core)
        self._finalizer = weakref.finalize(self, core.place.remove)
        #: what is off, one sentence each
        self.warnings: tuple[str, ...] = core.warnings

    # ------------------------------------------------------------ a check

    def detect_comprehensive_drift(
        self, current_data: Any, current_metrics: Mapping[str, float] | None = None
    ) -> DriftResults:
        """Check rows as the next window: data, model and concept drift, and the data's quality; tell people; recommend.

        Parameters
        ----------
        current_data
            A frame (pandas, Polars, Arrow) of n ≥ 1 rows with the reference's columns; with the columns of target and
            answers, the metric is measured, too. A column that is gone is a finding, not an error.
        current_metrics
            Of the same rows, by name; each is held against its baseline. Names without a baseline are left out.

        Returns
        -------
        DriftResults
            A mapping; its keys are described there.

        Raises
        ------
        SourceError
            The frame is none, has no rows, or none of the reference's columns.
        ConfigError
            A metric has a value that it cannot have.
        """
        table = rows_of(current_data, "current_data")
        results = self._loop.run(self._core.detect(table, current_metrics))
        return results if not self._core.options.responses.automatic else self._loop.run(self._respond_to(results))

    async def adetect_comprehensive_drift(
        self, current_data: Any, current_metrics: Mapping[str, float] | None = None
    ) -> DriftResults:
        """As `detect_comprehensive_drift`, without blocking the caller's event loop."""
        table = rows_of(current_data, "current_data")
        results = await self._loop.arun(self._core.detect(table, current_metrics))
        automatic = self._core.options.responses.automatic
        return await self._loop.arun(self._respond_to(results)) if automatic else results

    async def _respond_to(self, results: DriftResults) -> DriftResults:
        """Carry out what is recommended, as the daemon does."""
        alerts: Sequence[DriftAlert] = results["alerts"]
        alert = alerts[0] if alerts else None
        done = [await self._responder.execute(action, alert) for action in results["recommended_actions"]]
        return DriftResults({**results.to_dict(), "actions": done}, results.trail)

    # ------------------------------------------------------------ responses

    async def execute_response_action(
        self, action: ResponseAction | str, alert: DriftAlert | None = None
    ) -> ActionOutcome:
        """Carry out an action; the same action for the same alert has one effect.

        Parameters
        ----------
        action
            One of `enabled_actions`: retrain_model (by callback or pipeline), rollback (to the version before),
            human_review (a question that the channels tell; see `answer_review`), scale_resources, adjust_thresholds,
            or an installed action, on the newest event that it wants.
        alert
            What it answers to.

        Returns
        -------
        ActionOutcome
            done, refused or failed, with the reason: what stands in the way is no exception.

        Raises
        ------
        ConfigError
            There is no such action.
        """
        return await self._loop.arun(self._responder.execute(str(action), alert))

    def respond(self, action: ResponseAction | str, alert: DriftAlert | None = None) -> ActionOutcome:
        """As `execute_response_action`, for callers that are no coroutines."""
        return self._loop.run(self._responder.execute(str(action), alert))

    @property
    def open_reviews(self) -> list[Document]:
        """Questions that wait for an answer: id, subject, reason, version, asked."""
        return self._loop.run(self._responder.open_reviews())

    def answer_review(self, review: str, *, approve: bool, by: str = "", reason: str = "") -> None:
        """Say yes or no to a question; what follows from a yes is recommended by the next check.

        Raises
        ------
        ConfigError
            There is no such question, or it is answered already.
        """
        self._loop.run(self._responder.answer(review, approve=approve, by=by, reason=reason))

    # ------------------------------------------------------------ what is known

    def set_reference(self, reference_data: Any = None, baseline_metrics: Mapping[str, float] | None = None) -> int:
        """Compare with another reference, other baselines, or both from now on: another model serves.

        Returns
        -------
        int
            The number of the version that this begins.

        Raises
        ------
        DuetMindError
            As `create_enhanced_drift_monitor`.
        """
        table = (
            None if reference_data is None else rows_of(reference_data, "reference_data", fewest=FEWEST_REFERENCE_ROWS)
        )
        return self._loop.run(self._core.begin(table, baseline_metrics))

    def install(self, report: TrainingReport, model: Model, *, request: str, serves: bool = True) -> int:
        """Take a version that was trained elsewhere: into the registry and, where it serves, into the checks.

        Parameters
        ----------
        report
            Its folder, whole, below this model's.
        model
            What its training knows of the model: target, task, metric, pipeline, the rows it learned from.
        request
            Whose version it is; the same request again changes nothing.
        serves
            Whether it is promoted; else it is rejected, and kept.

        Returns
        -------
        int
            Its number.
        """
        return self._loop.run(self._core.install(report, model, request=request, serves=serves))

    def look_after(self, model: Model) -> None:
        """Know of the model what the training of the version that serves knows; after the monitor was made anew."""
        self._loop.run(self._core.look_after(model))

    @property
    def model(self) -> Model:
        """The model's settings as they are now."""
        return self._core.model

    @property
    def reference_file(self) -> Path:
        """The rows that this monitor was made with, as a file."""
        return self._core.kept

    @property
    def history(self) -> DriftHistory:
        """The checks so far, oldest first, those of earlier processes on the same place included."""
        return DriftHistory(self._loop.run(self._core.history()))

    @property
    def recommended_actions(self) -> list[str]:
        """The enabled actions that wait to be carried out."""
        return self._loop.run(self._core.recommended(seq=None))

    @property
    def working_dir(self) -> Path:
        """Where files are kept: the reference, the windows, the versions."""
        return self._core.place.folder

    # ------------------------------------------------------------ life

    def close(self) -> None:
        """Let go of channels, store and folder; a second call does nothing."""
        if self._finalizer.alive:
            self._loop.run(self._core.close())
            self._loop.stop()
            self._finalizer()

    def __enter__(self) -> EnhancedDriftMonitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        where = "memory" if self._core.place.fleeting else str(self._core.place.folder)
        return f"EnhancedDriftMonitor({self._core.name!r}, in {where})"


def create_enhanced_drift_monitor(
    reference_data: Any,
    baseline_metrics: Mapping[str, float] | None = None,
    alert_config: AlertConfig | None = None,
    response_config: ResponseConfig | None = None,
    *,
    working_dir: str | Path | None = None,
    store: str | None = None,
    name: str = "model",
    task: str | None = None,
    target: str | None = None,
    prediction: str | None = None,
    score: str | None = None,
    timestamp: str | None = None,
    exclude: Sequence[str] = (),
    check_every: timedelta | float | str = "1h",
    false_alarms: str = "1 per 30d",
    drift_threshold: float | None = None,
) -> EnhancedDriftMonitor:
    """Make a monitor of one model.

    Parameters
    ----------
    reference_data
        A frame (pandas, Polars, Arrow) of at least 2 rows, in time order where there is one: what the model learned
        from, or rows of a time when all was well.
    baseline_metrics
        What the model scores while it is well, by name: accuracy, balanced_accuracy, f1, roc_auc, log_loss, r2, mae,
        rmse. They are taken to be measured on as many rows as the reference has.
    alert_config
        Who is told; by default the log.
    response_config
        What may be done; by default nothing.
    working_dir
        Folder that everything is kept in, so that a new process goes on where this one ends; by default memory.
    store
        Database URL, where it is not `duetmind.db` in that folder.
    name
        The model's name in messages, and its folder.
    task
        binary, multiclass or regression; by default what the first baseline metric is for, else binary.
    target, prediction, score, timestamp
        Columns with the truth, the model's answers, its scores and the time of each row, where frames have them.
    exclude
        Columns that are not inputs.
    check_every
        How often `detect_comprehensive_drift` will be called, about: seconds, a duration such as "1h", or a timedelta.
    false_alarms
        How often a wrong alarm is tolerable while nothing changes.
    drift_threshold
        Smallest effect that counts as drift, in (0, 1).

    Raises
    ------
    ConfigError
        An argument cannot be; a baseline metric is not known here, or has a value that it cannot have.
    SourceError
        The reference is no frame, has too few rows, or lacks a column that is named.
    StoreError
        The folder or the database cannot be used; StoreBusyError: another process works on it.

    Warns
    -----
    MonitoringWarning
        A channel lacks a setting and is off, which `monitor.warnings` says as well.

    Examples
    --------
    >>> import pandas as pd
    >>> with create_enhanced_drift_monitor(pd.DataFrame({"x": range(100)}), {"roc_auc": 0.9}) as monitor:
    ...     monitor
    EnhancedDriftMonitor('model', in memory)
    >>> create_enhanced_drift_monitor(pd.DataFrame({"x": range(100)}), {"auc": 0.9})
    Traceback (most recent call last):
    duetmind_adaptive.errors.ConfigError: baseline_metrics: found 'auc', allowed: accuracy, balanced_accuracy, f1, \
roc_auc, log_loss, r2, mae, rmse; did you mean roc_auc?
    """
    options = Options(
        name=name, task=task, target=target, prediction=prediction, score=score, timestamp=timestamp,
        exclude=tuple(exclude), check_every=check_every, false_alarms=false_alarms, drift_threshold=drift_threshold,
        alerts=alert_config or AlertConfig(), responses=response_config or ResponseConfig(),
    )  # fmt: skip
    table = rows_of(reference_data, "reference_data", fewest=FEWEST_REFERENCE_ROWS)
    loop = PrivateLoop()
    try:
        core = MonitorCore(options, Place.of(working_dir, store))
        loop.run(core.open(table, baseline_metrics, os.environ))
    except BaseException:
        loop.stop()
        raise
    for sentence in core.warnings:
        warnings.warn(sentence, MonitoringWarning, stacklevel=2)
    return EnhancedDriftMonitor(core, loop)
