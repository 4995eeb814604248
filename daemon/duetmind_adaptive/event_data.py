"""What events carry: the frozen payloads of `events`, as outside programs read them."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes and reads what newer programs wrote."""

    # validators are made when a type is first used: making all of them takes a twentieth of the daemon's start
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null", defer_build=True)


class WindowData(Frozen):
    """A half-open range of production rows, counted from the start of the production source."""

    first_row: int
    last_row: int
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    rows: int


class ColumnEffect(Frozen):
    """How far one column moved, in [0, 1], and how, in words."""

    column: str
    kind: str
    effect: float
    words: str = ""


class FindingData(Frozen):
    """One data-quality finding."""

    code: str
    message: str
    column: str | None = None
    #: True when the data is broken rather than different: nothing may learn from it
    breaks: bool = False


class PerformanceData(Frozen):
    """A window's metric with its interval, beside the champion's own."""

    window: WindowData
    metric: float
    low: float
    high: float
    rows: int
    reference: float | None = None
    degraded: bool = False


class SegmentData(Frozen):
    """A part of the rows on which the metric is worse."""

    where: str
    share: float
    metric: float
    reference: float


class EstimateData(Frozen):
    """The metric as it is estimated while labels are not in."""

    metric: float
    low: float
    high: float
    reference: float | None = None
    #: False: it cannot know; `reason` says why
    trusted: bool = True
    reason: str = ""


class ExplainedData(Frozen):
    """A column's share in a fall of the metric."""

    column: str
    share: float
    effect: float


class SinceData(Frozen):
    """Since when a series is different: a row, with an interval of rows."""

    subject: str
    row: int
    low_row: int
    high_row: int
    at: AwareDatetime | None = None


class ForecastData(Frozen):
    """In how many windows a series will cross its threshold, with the interval; None = beyond the horizon."""

    subject: str
    threshold: float
    windows: float | None = None
    low: float | None = None
    high: float | None = None
    at: AwareDatetime | None = None
    confidence: float
    #: the moments of the interval's ends, where windows have times
    low_at: AwareDatetime | None = None
    high_at: AwareDatetime | None = None
    #: the same for people
    sentence: str = ""


class AnomalyData(Frozen):
    """A row, or the newest point of a series, that is unlike the others."""

    subject: str
    score: float
    reason: str = ""


class Insights(Frozen):
    """What a check learned beside columns and metric; empty where there is nothing to tell."""

    #: what moved beside columns and metric: together, prediction, calibration, segments, estimate, concept, and
    #: "detector NAME" of one that is plugged in
    moved: tuple[str, ...] = ()
    #: one sentence on each of them that needs one
    notes: tuple[str, ...] = ()
    estimate: EstimateData | None = None
    segments: tuple[SegmentData, ...] = ()
    #: where in feature space the relation of inputs and label changed, as conditions
    where: tuple[str, ...] = ()
    explained: tuple[ExplainedData, ...] = ()
    since: SinceData | None = None
    #: `explained` and `since` as one sentence
    explanation: str = ""
    predicted: tuple[ForecastData, ...] = ()
    anomalies: tuple[AnomalyData, ...] = ()
    #: how many rows of the window look like none of the reference
    odd_rows: int = 0


class Data(Frozen):
    """What every event says: which model it is about."""

    model: str


class BesideData(Frozen):
    """A version that was promoted lately beside the one before it, on labelled rows since then."""

    version: int
    previous: int
    rows: int
    metric: float
    metric_previous: float
    #: worse than the one before, better, not_better (which may be chance) or inconclusive (too few rows)
    verdict: str


class CheckData(Data):
    """What a check found, cut to the columns that moved most."""

    window: WindowData
    drift: bool
    severity: str
    kinds: tuple[str, ...] = ()
    metric: float | None = None
    metric_name: str | None = None
    version: int | None = None
    performance: PerformanceData | None = None
    late: tuple[PerformanceData, ...] = ()
    top: tuple[ColumnEffect, ...] = ()
    columns: int = 0
    drifted: int = 0
    findings: tuple[FindingData, ...] = ()
    more_findings: int = 0
    insights: Insights = Insights()
    beside: BesideData | None = None
    #: causes that it does not raise and that are close to it, so that their incidents last
    close: tuple[str, ...] = ()
    #: causes that it raises by so much that no other check needs to say so
    far: tuple[str, ...] = ()


class CheckFailedData(Data):
    """Why a window could not be checked."""

    reason: str
    message: str
    window: WindowData | None = None


class DriftData(Data):
    """One incident's present state."""

    incident: str
    cause: str
    window: WindowData
    drift: bool
    severity: str
    kinds: tuple[str, ...] = ()
    metric: float | None = None
    metric_name: str | None = None
    metric_reference: float | None = None
    top: tuple[ColumnEffect, ...] = ()
    columns: int = 0
    drifted: int = 0
    findings: tuple[FindingData, ...] = ()
    more_findings: int = 0
    insights: Insights = Insights()
    version: int | None = None
    #: the decision's named reason
    reason: str
    opened: AwareDatetime


class RetrainData(Data):
    """A retrain's progress; `version` is the serving one until it succeeded, then the new one."""

    reason: str
    version: int | None = None
    message: str = ""
    incident: str | None = None
    window: WindowData | None = None
    job: str | None = None
    metric: float | None = None


class VersionData(Data):
    """A decision about a version: `version` serves from now on, or (rejected) does not."""

    version: int
    previous: int | None = None
    reason: str
    message: str = ""
    metric: float | None = None
    sha256: str | None = None
    gate: dict[str, Any] | None = None
    job: str | None = None
    #: the version that served before and whose very model this is
    again: int | None = None


class JobData(Data):
    """A job's progress."""

    job: str
    kind: str
    state: str = ""
    attempt: int = 1
    message: str = ""
    progress: float | None = None


class AlertData(Data):
    """What became of one message to one channel."""

    channel: str
    alert: str
    incident: str | None = None
    status: str = ""
    reason: str = ""
    attempts: int = 1
    #: false while the channel is still trying
    final: bool = True
    #: it told what another channel could not tell
    fallback: bool = False


class ReviewData(Data):
    """A question to a person, or its answer."""

    review: str
    subject: str = ""
    reason: str = ""
    by: str | None = None
    version: int | None = None
    #: asked before, and not answered yet; it is closed at `until`
    reminder: bool = False
    until: AwareDatetime | None = None


class ThresholdData(Data):
    """A threshold's old and new value."""

    name: str
    before: float
    after: float
    reason: str


class ResourcesData(Data):
    """A bound's old and new value."""

    resource: str
    before: float
    after: float
    reason: str
