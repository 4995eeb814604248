"""What the daemon answers, as pydantic models that document it.

Answers may hold more keys than are named here; none of the named ones is ever taken away.
"""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Answer(BaseModel):
    """What the daemon sends."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class Health(Answer):
    """The process lives."""

    status: str


class Readiness(Answer):
    """Whether the daemon serves, and why not."""

    ready: bool
    reasons: list[str]


class ModelStatus(Answer):
    """One model at a glance."""

    champion: Any
    #: the version that served before and whose very model the champion is
    again: int | None = None
    last_check: Any
    next_check: AwareDatetime | None
    drift: bool | None
    severity: str | None
    open_incident: Any
    #: where it is another than the config's
    drift_threshold: float | None = None
    #: what the newest check foretells and finds odd, one sentence each
    predicted: list[str] = []
    unusual: list[str] = []


class BusStatus(Answer):
    """Deliveries not finished, and given up."""

    pending: int
    dead: int


class JobCounts(Answer):
    """Jobs not finished."""

    running: int
    queued: int


class Share(Answer):
    """A resource: how much there is and how much jobs hold."""

    total: float
    reserved: float


class Resources(Answer):
    """What jobs may use."""

    cpu: Share
    memory_gb: Share
    gpu: Share


class Status(Answer):
    """The daemon at a glance."""

    version: str
    uptime_seconds: float
    models: dict[str, ModelStatus]
    bus: BusStatus
    jobs: JobCounts
    resources: Resources


class Paused(Answer):
    """Whether acting is paused: since when and why, or null."""

    paused: dict[str, str] | None


class ModelItem(Answer):
    """A configured model."""

    name: str


class CheckItem(Answer):
    """A check of one window."""

    model: str


class EventItem(Answer):
    """A CloudEvents envelope; see the schema `Event` for each type's data."""

    id: str
    type: str
    source: str
    time: AwareDatetime
    data: dict[str, Any]


class IncidentItem(Answer):
    """A stretch of drift or bad data, from its opening to its end."""

    id: str
    model: str
    cause: str
    severity: str
    state: str
    opened: AwareDatetime
    resolved: AwareDatetime | None


class IncidentStory(IncidentItem):
    """An incident with everything that is known of it."""

    acknowledged: dict[str, str] | None
    silenced_until: AwareDatetime | None
    path: list[dict[str, Any]]
    channels: list[dict[str, Any]]


class Silenced(Answer):
    """Until when nobody is told of a model; null: people are."""

    model: str
    until: AwareDatetime | None


class JobItem(Answer):
    """A piece of work in a worker process."""

    id: str
    kind: str
    model: str
    state: str


class JobLog(Answer):
    """What a job printed, or a part of it."""

    job: str
    state: str
    text: str
    #: bytes before what comes after `text`
    next: int


class TaskItem(Answer):
    """One task of a run."""

    task: str
    state: str
    attempt: int
    job: str | None
    error: str | None


class RunItem(Answer):
    """A run of a workflow."""

    id: str
    workflow: str
    state: str
    done: int
    total: int
    created: AwareDatetime
    finished: AwareDatetime | None


class RunDetail(RunItem):
    """A run with its tasks, in the order they were written."""

    tasks: list[TaskItem]


class Models(Answer):
    """A page of models."""

    items: list[ModelItem]
    next: str | None


class Checks(Answer):
    """A page of checks, newest first."""

    items: list[CheckItem]
    next: str | None


class Events(Answer):
    """A page of events, newest first."""

    items: list[EventItem]
    next: str | None


class Incidents(Answer):
    """A page of incidents, newest first."""

    items: list[IncidentItem]
    next: str | None


class Jobs(Answer):
    """A page of jobs, newest first."""

    items: list[JobItem]
    next: str | None


class Runs(Answer):
    """A page of runs, newest first."""

    items: list[RunItem]
    next: str | None


class ReviewItem(Answer):
    """A question to a person."""

    id: str
    model: str
    subject: str
    state: str


class AuditItem(Answer):
    """Who did what, and why."""

    at: AwareDatetime
    who: str
    what: str
    model: str
    why: str
    outcome: str


class Audit(Answer):
    """A page of acts, newest first."""

    items: list[AuditItem]
    next: str | None


class OutcomeItem(Answer):
    """An act, what was expected of it and what became of it."""

    id: str
    at: AwareDatetime
    model: str
    #: retrain, promotion or rollback
    act: str
    reason: str
    version: int | None
    previous: int | None
    metric: str | None
    #: what the version before scored in the gate, and how much more was expected
    before: float | None
    expected: float | None
    #: on the rows since the switch: what serves, and what served before it
    after: float | None
    beside: float | None
    rows: int | None
    #: pending, helped, did_not_help, harmed or not_known
    verdict: str
    why: str
    closed: AwareDatetime | None


class Outcomes(Answer):
    """A page of acts and what became of them, newest first."""

    items: list[OutcomeItem]
    next: str | None


class Reviews(Answer):
    """A page of questions to people, newest first."""

    items: list[ReviewItem]
    next: str | None


class Champion(Answer):
    """The serving version."""

    version: int
    sha256: str | None
    promoted: AwareDatetime | None
    metric: Any


class Requested(Answer):
    """An act was accepted."""


class Threshold(Answer):
    """The smallest effect that counts as drift, before and from now on."""

    model: str
    before: float
    after: float


class Switched(Answer):
    """The version that serves now, and the one before."""

    version: int | None = None
    previous: int | None = None


class Problem(Answer):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
