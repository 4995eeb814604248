"""The report of one check of one window, and the plain values it is made of beside those of `records`.

Each of those has one maker, an examination in `tasks/examinations`, and is None or empty in a report where that one had
nothing to say. Effects and shares are in [0, 1], rows are counted from the start of the production source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from duetmind_adaptive.records import (
    ColumnReport,
    DriftKind,
    Finding,
    MetricReading,
    Performance,
    Severity,
    TestResult,
    Window,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calm:
    """How the verdict on the columns keeps the promised rate of false alarms."""

    #: false alarms are at most one in so many checks, on average, while nothing changes
    checks: float
    #: natural logarithm of the evidence of all columns together; an alarm needs log(checks)
    level: float
    #: the same of each column
    columns: dict[str, float] = field(default_factory=dict[str, float])
    #: first row of the window in which the evidence that now stands began to grow; None while there is none
    since_row: int | None = None
    #: what was taken out of the windows before they were judged: "hour of day", "day of week"
    seasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Multivariate:
    """Whether the columns changed together, which no column shows by itself."""

    drift: bool = False
    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    #: of a classifier that tells the window from the reference, out of fold; 0.5 = it cannot
    auc: float | None = None
    #: what that classifier, or the correlation, leans on: columns (or pairs "a × b") with their share, largest first
    features: tuple[tuple[str, float], ...] = ()
    #: one sentence for people; also why nothing could be said
    reason: str = ""

    @property
    def summary(self) -> str:
        """The sentence, or how little a classifier could tell."""
        told = f" (a classifier tells them apart with AUC {self.auc:.2f})" if self.auc is not None else ""
        return self.reason or f"The columns go together as before{told}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """The metric of a window whose labels are not in, from the model's own scores or from what it usually misses."""

    metric: str
    value: float
    low: float
    high: float
    confidence: float
    rows: int
    #: what it stands beside: the metric on rows the version was not trained on
    reference: float | None = None
    #: False where it cannot know; `reason` says why
    trusted: bool = True
    reason: str = ""
    #: whether it is trusted and worse than the reference by more than its interval and the tolerance allow
    fallen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Whether the scores still mean what they say."""

    #: expected calibration error of the window and of the rows the version was not trained on
    error: float
    reference: float
    p_value: float
    drift: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """The metric on a part of the rows that can be said in words."""

    where: str
    #: of the window's rows
    share: float
    reading: MetricReading
    reference: MetricReading
    #: corrected for the number of segments
    p_adjusted: float
    degraded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """Whether the relation of inputs and label changed."""

    drift: bool = False
    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    #: by how much a model fitted on the new rows beats the champion on others of them, on the metric's scale
    gain: float | None = None
    #: where in feature space, as conditions: "age > 45 and job = 'student'"
    where: tuple[str, ...] = ()
    #: first row of the window since which
    since_row: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """One column's part in a fall of the metric: how far it moved times how much the champion relies on it."""

    column: str
    #: of the whole fall that is explained, in [0, 1]
    share: float
    effect: float
    reliance: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePoint:
    """Since when: the first row of the window in which a series changed, with an interval of rows."""

    #: the metric's name, or `column:NAME` for the effect of a column
    subject: str
    row: int
    low_row: int
    high_row: int
    at: datetime | None = None
    confidence: float = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """When a series will cross its threshold, if it goes on as it does."""

    #: as of `ChangePoint`
    subject: str
    value: float
    threshold: float
    #: windows until the crossing, and the ends of the interval; None = beyond the horizon
    windows: float | None
    low: float | None
    high: float | None
    #: the moments of the three, where windows have times
    at: datetime | None = None
    low_at: datetime | None = None
    high_at: datetime | None = None
    confidence: float = 0.8
    #: windows that were looked ahead
    horizon: int = 0
    #: the same for people
    sentence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anomaly:
    """A single row, or the newest point of one of the daemon's own series, that is unlike the others."""

    #: "row 12345", or the name of a series: rows, metric, missing:NAME, effect:NAME
    subject: str
    #: robust z for a series; for a row, minus the logarithm (base 10) of how rarely the reference holds one so odd
    score: float
    value: float | None = None
    #: where a value was expected
    low: float | None = None
    high: float | None = None
    #: one sentence for people
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OddRows:
    """How many rows of the window look like none of the reference; the oddest are anomalies of the report."""

    count: int
    #: of the window's rows
    share: float
    #: of the rows counted, that are sound after all; on average at most
    false_share: float
    #: one sentence for people; empty where there are none
    sentence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugged:
    """What a detector of an installed package found; what it says of single columns is among their tests as well."""

    name: str
    drift: bool = False
    #: of the rows as a whole
    whole: TestResult | None = None
    columns: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    #: the columns that drift by its evidence
    drifted: tuple[str, ...] = ()
    #: one sentence for people, where there is something to tell: also why it could not be run
    reason: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """The version that serves beside the one before it, on labelled rows since its promotion."""

    version: int
    previous: int
    rows: int
    metric: float
    metric_previous: float
    #: of the version that serves: worse, better, not_better or inconclusive
    verdict: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """Everything one check of one window found. `columns` are sorted by effect, largest first."""

    window: Window
    version: int | None
    drift: bool
    severity: Severity
    kinds: tuple[DriftKind, ...]
    columns: tuple[ColumnReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: of this window; None while its labels are not in
    performance: Performance | None = None
    #: windows checked earlier whose labels have come in since
    late: tuple[Performance, ...] = ()
    #: of this window, as whoever asked for the check measured it: every metric that there is a baseline of
    stated: tuple[Performance, ...] = ()
    missing_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    type_changes: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    seconds: float = 0.0
    #: for a while after a promotion
    beside: Beside | None = None
    #: the rest is what the examinations add: None or empty where they had nothing to say
    calm: Calm | None = None
    multivariate: Multivariate | None = None
    estimate: Estimate | None = None
    calibration: Calibration | None = None
    #: the model's answers, compared as a column is
    prediction: ColumnReport | None = None
    segments: tuple[Segment, ...] = ()
    concept: Concept | None = None
    explained: tuple[Explained, ...] = ()
    since: ChangePoint | None = None
    predicted: tuple[Forecast, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    odd_rows: OddRows | None = None
    detectors: tuple[Plugged, ...] = ()

    @property
    def drifted(self) -> tuple[ColumnReport, ...]:
        """The columns that drift."""
        return tuple(column for column in self.columns if column.drift)

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """The findings that forbid to learn from this window."""
        return tuple(finding for finding in self.findings if finding.breaks)
