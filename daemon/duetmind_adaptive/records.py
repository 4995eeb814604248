"""The plain values that cross rooms: frozen dataclasses that pickle, compare and serialise.

They hold no behaviour beyond what their invariants need. Times are aware UTC datetimes, shares are in
[0, 1], rows are counted from the start of the production source and ranges are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Kind = Literal["numeric", "categorical", "boolean", "datetime", "text"]
Severity = Literal["none", "low", "medium", "high", "critical"]
DriftKind = Literal["data", "model", "concept"]
#: of an incident: the inputs moved, the metric fell, or the data is broken
Cause = Literal["data", "performance", "quality"]

SEVERITIES: tuple[Severity, ...] = ("none", "low", "medium", "high", "critical")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A run of production rows `[first_row, last_row)` and the times of its first and last row."""

    first_row: int
    last_row: int
    start: datetime | None = None
    end: datetime | None = None

    @property
    def rows(self) -> int:
        """How many rows the window holds."""
        return self.last_row - self.first_row


@dataclass(frozen=True, kw_only=True, slots=True)
class TestResult:
    """One statistic of one column; a distance has no p-value."""

    __test__ = False  # not a test case, whatever pytest thinks of its name

    statistic: float
    p_value: float | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One named data-quality finding, told apart from drift."""

    code: str
    message: str
    column: str | None = None
    count: int | None = None
    examples: tuple[str, ...] = ()
    #: True when the data is broken rather than merely different, so that no retrain may learn from it
    breaks: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnReport:
    """What a check found in one column."""

    name: str
    kind: Kind
    drift: bool = False
    #: it does not drift, and would if thresholds were `clears_below` of what they are
    close: bool = False
    #: it drifts, and would if thresholds were `opens_at` times what they are
    far: bool = False
    #: how far the column moved, in [0, 1]: KS distance of a numeric column, total variation of a categorical one
    effect: float = 0.0
    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    missing_reference: float = 0.0
    missing_current: float = 0.0
    unseen_categories: tuple[str, ...] = ()
    #: why the column could not be tested; None when it was
    untested: str | None = None
    #: how it moved, for people; empty where there is nothing to tell
    words: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnShape:
    """The distributions of one column on both sides, small enough to store and to draw.

    Numbers are counted between the edges, open at both ends: one edge less than shares. Categories have no edges.
    """

    #: how the cells are called: categories, or the upper ends of the bins
    labels: tuple[str, ...]
    #: share of the rows with a value in each cell
    reference: tuple[float, ...]
    current: tuple[float, ...]
    edges: tuple[float, ...] = ()
    #: whether each bin holds one value
    discrete: bool = False
    #: categories that are counted in the last cell only
    folded: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricReading:
    """A metric measured on labelled rows, with a confidence interval (level stated by `confidence`)."""

    name: str
    value: float
    low: float
    high: float
    #: standard error of `value`
    error: float
    rows: int
    confidence: float = 0.95
    #: by how much the variance exceeds that of rows that do not repeat their neighbours, at least 1
    dependence: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Performance:
    """The model's metric in a window beside the one its version was promoted with."""

    window: Window
    reading: MetricReading
    reference: MetricReading | None = None
    #: True when the metric is worse than the reference by more than chance and the tolerance allow
    degraded: bool = False
    #: it is not, and would be if thresholds were `clears_below` of what they are
    close: bool = False
    #: it is, and would be if thresholds were `opens_at` times what they are
    far: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRef:
    """What a worker needs to know of one model version; paths are absolute.

    `artifact` is None for a model deployed elsewhere, whose answers are columns of the data.
    """

    model: str
    version: int
    folder: Path
    artifact: Path | None
    #: of the artifact, checked before its first byte is parsed
    sha256: str | None
    #: what the version scored on rows it was not trained on; the reference of model drift
    baseline: MetricReading | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentLoss:
    """A part of the traffic on which a challenger loses more than it may (`registry.segments`)."""

    #: a condition as people read it
    where: str
    rows: int
    share: float
    #: mean paired loss, and how much of it is allowed, in the units of a row's loss
    loss: float
    allowed: float
    #: p-value of its losing there at all, one-sided, before the correction for the number of parts
    doubt: float


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """How a challenger did against the champion on the same rows, which neither was trained on."""

    #: segment_worse: better overall, but a part of the traffic would lose
    verdict: Literal["better", "not_better", "worse", "inconclusive", "segment_worse"]
    metric: str
    rows: int
    champion: float | None
    challenger: float | None
    #: paired difference, positive = challenger better, with its interval
    difference: float | None
    low: float | None
    high: float | None
    confidence: float
    #: one plain sentence, shown to people and put into the event
    reason: str
    #: what a challenger that is better overall was not promoted for
    segment: SegmentLoss | None = None
    #: nothing was decided because these rows have decided as often as they may
    spent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingReport:
    """What a training job made: a staged version folder, its metrics, and how it did against the champion."""

    folder: Path
    sha256: str
    metrics: dict[str, float]
    baseline: MetricReading | None
    gate: GateResult | None
    #: production rows `[first, last)` it learned from (negative = none, all of the reference)
    trained_rows: tuple[int, int]
    train_size: int
    libraries: dict[str, str]
    seconds: float
    notes: tuple[str, ...] = ()
    #: the version that served when the training began, which the gate compared with
    champion: int | None = None
    #: rows `[first, last)` that the gate decided on; None where there was no gate or no row
    judged_rows: tuple[int, int] | None = None
    #: the version from before whose very model this is; None of one that was fitted
    again: int | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
