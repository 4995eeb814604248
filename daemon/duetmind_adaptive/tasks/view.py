"""What an examination may look at: one window, its model, and what the model's version keeps of its reference.

Costly parts are made on first use and kept while the check lasts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from cronsim import CronSim
from numpy.typing import NDArray

from duetmind_adaptive.drift.budget import Part, alarm_checks, detector_checks, promised_checks
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.records import VersionRef, Window
from duetmind_adaptive.registry.layout import HOLDOUT, SAMPLE
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.sources.labels import labels_due, with_labels
from duetmind_adaptive.sources.production import ProductionSource
from duetmind_adaptive.tasks.habits import Habits, habits_of
from duetmind_adaptive.tasks.measure import Answers, answer
from duetmind_adaptive.tasks.surroundings import clock_of

#: slots of a cron schedule that its average interval is taken of
SLOTS_LOOKED_AT = 101


@dataclass(frozen=True, kw_only=True)
class View:
    """One window in its surroundings."""

    model: Model
    version: VersionRef
    window: Window
    #: all columns of the window's rows, in their order
    table: pa.Table
    features: tuple[str, ...]
    reference: Reference
    source: ProductionSource
    now: datetime
    #: when the check began, by `time.perf_counter`
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """How long the check has taken so far."""
        return time.perf_counter() - self.started

    def alarm_checks(self, part: Part) -> float:
        """How many checks lie between two false alarms of this part of the check, on average at least."""
        every, detectors = self.model.false_alarm_every.total_seconds(), len(self.model.detectors)
        return alarm_checks(every, self.window_seconds, part, detectors=detectors)

    @property
    def detector_checks(self) -> float:
        """The same of each detector that an installed package gives."""
        every, detectors = self.model.false_alarm_every.total_seconds(), len(self.model.detectors)
        return detector_checks(every, self.window_seconds, detectors)

    @property
    def promised_checks(self) -> float:
        """The same of all parts together."""
        return promised_checks(self.model.false_alarm_every.total_seconds(), self.window_seconds)

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The features that the reference has as well and that are no dates: what a model's answers may depend on."""
        columns = self.reference.columns
        return tuple(name for name in self.features if name in columns and columns[name].kind != "datetime")

    @cached_property
    def window_seconds(self) -> float:
        """From one window to the next: as the config cuts them, as the reference's rows came, or as checks are due."""
        window, clock = self.model.production.window, self.reference.clock
        if window.every is not None:
            return window.every.total_seconds()
        if clock is not None and clock.values.size > 1 and clock.values[-1] > clock.values[0]:
            span = float(clock.values[-1] - clock.values[0])
            return span / (self.reference.rows - 1) * self.window.rows
        return seconds_between(self.model.schedule, self.now)

    @property
    def habits(self) -> Habits:
        """What is natural for the version's metric, errors and answers."""
        return habits_of(self.version.folder)

    @cached_property
    def clock(self) -> NDArray[np.float64] | None:
        """When each row came, in seconds since 1970, NaN where one does not say so."""
        return clock_of(self.model, self.table)

    @cached_property
    def answers(self) -> Answers | None:
        """Predictions, scores and classes of the version for all rows; None when its inputs do not fit."""
        return answer(self.model, self.version, self.table)

    def answers_to(self, rows: pa.Table) -> Answers | None:
        """The same for some rows of the window, in their order."""
        whole = rows.num_rows == self.table.num_rows
        return self.answers if whole else answer(self.model, self.version, rows)

    @cached_property
    def labelled(self) -> pa.Table | None:
        """The window with the target column as far as it is known by now; None while labels are not due."""
        model = self.model
        if model.target is None or not labels_due(self.window, model, now=self.now):
            return None
        table = with_labels(self.table, model, now=self.now, window_end=self.window.end)
        return table if model.target in table.column_names else None

    @cached_property
    def sample(self) -> pa.Table | None:
        """Rows of the reference, in their order: the features, and the target where there is one."""
        return stored(self.version.folder / SAMPLE)

    @cached_property
    def holdout(self) -> pa.Table | None:
        """Labelled rows that the version did not learn from, with its answers (`tasks.holdout`); None without any."""
        return stored(self.version.folder / HOLDOUT)


def middle(window: Window) -> float | None:
    """The middle of a window, in seconds since 1970; None where it has no times."""
    if window.start is None or window.end is None:
        return None
    return (window.start.timestamp() + window.end.timestamp()) / 2


def seconds_between(schedule: ScheduleSettings, now: datetime) -> float:
    """From one check to the next, on average over the next hundred.

    >>> from datetime import UTC
    >>> seconds_between(ScheduleSettings(cron="0 6 * * *"), datetime(2026, 1, 1, tzinfo=UTC))
    86400.0
    """
    if schedule.every is not None:
        return schedule.every.total_seconds()
    times = list(islice(CronSim(schedule.cron or "", now), SLOTS_LOOKED_AT))
    return (times[-1] - times[0]).total_seconds() / (len(times) - 1)


def stored(path: Path) -> pa.Table | None:
    """A table of the version's folder; versions made before it was kept have none."""
    if not path.exists():
        return None
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
