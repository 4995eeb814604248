"""What the service asks workers for. Light on purpose: the service imports this page and none of the tasks.

A task is named, not passed, because importing its function would load pyarrow and scikit-learn into the daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import MetricReading, VersionRef, Window
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.settings.workflows import WorkflowTaskSettings

CHECK_NEXT = "check:check_next"
CHECK_LATEST = "check:check_latest"
LIST_WINDOWS = "check:list_windows"
MEASURE_WINDOWS = "measure:measure_windows"
EVERY_WINDOW = "every_window:retrained_every"
TRAIN_VERSION = "train:train_version"
RUN_STEP = "workflow:run_step"


def run_task(name: str, *args: object) -> Any:
    """Import the task `module:function` in the process that this runs in, and call it."""
    module, _, function = name.partition(":")
    return getattr(import_module(f"duetmind_adaptive.tasks.{module}"), function)(*args)


@dataclass(frozen=True, kw_only=True, slots=True)
class LateWindow:
    """A window that was checked before its labels came, and the version that served it."""

    window: Window
    version: VersionRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Aged:
    """Profiles of windows of one version and day that are old enough to be one."""

    version: VersionRef
    #: of each window, in their order
    first_rows: tuple[int, ...]
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DayProfile:
    """What became of `Aged` profiles; without a body they could not be read any more."""

    version: int
    first_rows: tuple[int, ...]
    body: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """The version before the one that serves, to answer the same rows from `from_row` on."""

    previous: VersionRef
    from_row: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRequest:
    """The next window of one model, please."""

    model: Model
    version: VersionRef
    #: the cursor's JSON; None = from the start
    cursor: str | None
    now: datetime
    #: oldest first
    unlabelled: tuple[LateWindow, ...] = ()
    #: what the check before left for this one (`tasks.memory`); None = nothing
    memory: str | None = None
    #: to be made one on this occasion
    aged: Aged | None = None
    #: after a promotion, for a while
    watched: Watched | None = None
    #: the window's metrics, where whoever asks has measured them; they go before those of its labels
    stated: tuple[MetricReading, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckOutcome:
    """A report and the cursor after its window, or (no complete window yet) why there is none."""

    cursor: str
    report: CheckReport | None = None
    waiting: str = ""
    #: for the next check; kept in the transaction that records the report
    memory: str | None = None
    #: of the window's rows, on the bins of the version that served them; None where the version keeps no bins
    profile: bytes | None = None
    day: DayProfile | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainRequest:
    """A new version of one model, please, in the folder that `registry.layout` names after job and attempt."""

    model: Model
    job: str
    attempt: int
    #: None: the first version, learned from the reference
    champion: VersionRef | None
    #: labels of production rows `[0, upto_row)` may be used
    upto_row: int
    now: datetime
    seed: int = 0
    #: of the gate, one-sided
    confidence: float = 0.95
    #: the check's cursor, which tells how many rows were in files that have been rotated away
    cursor: str | None = None
    #: production rows before this one have decided as often as they may; None where none have
    spent_before: int | None = None
    #: versions that served before, the newest first: candidates as well
    former: tuple[VersionRef, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRequest:
    """One task of a workflow, please; its result goes into `results`."""

    name: str
    task: WorkflowTaskSettings
    #: of the config file
    folder: Path
    #: where this run keeps what its tasks return
    results: Path
    #: sha256 of the results it takes, by task
    before: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class StepResult:
    """What a task returned: it lies in a file of this sha256 and size in bytes, `shown` is its short form."""

    sha256: str
    size: int
    shown: str
