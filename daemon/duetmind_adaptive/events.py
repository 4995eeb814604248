"""The closed vocabulary: frozen CloudEvents 1.0 envelopes, one discriminated union, wire names of their own.

`Event.data` always names `model`. Ids are arguments, never made here: `derive_id` gives the id of an event
that follows from another, so that deciding twice publishes once.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter
from pydantic_core import from_json

from duetmind_adaptive.event_data import (
    AlertData,
    CheckData,
    CheckFailedData,
    Data,
    DriftData,
    Frozen,
    JobData,
    ResourcesData,
    RetrainData,
    ReviewData,
    ThresholdData,
    VersionData,
)

D = TypeVar("D", bound=Data)


class Envelope(Frozen, Generic[D]):
    """The CloudEvents attributes all events share."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: D

    @property
    def model(self) -> str:
        """The model the event is about."""
        return self.data.model


class CheckCompleted(Envelope[CheckData]):
    """Signals that a window was checked; each window has exactly one."""

    type: Literal["duetmind.check.completed"] = "duetmind.check.completed"


class CheckFailed(Envelope[CheckFailedData]):
    """Signals that the next window could not be checked, once per cause."""

    type: Literal["duetmind.check.failed"] = "duetmind.check.failed"


class DriftDetected(Envelope[DriftData]):
    """Signals that an incident opened."""

    type: Literal["duetmind.drift.detected"] = "duetmind.drift.detected"


class DriftUpdated(Envelope[DriftData]):
    """Signals that an open incident grew worse or changed its kinds."""

    type: Literal["duetmind.drift.updated"] = "duetmind.drift.updated"


class DriftResolved(Envelope[DriftData]):
    """Signals that an incident is over."""

    type: Literal["duetmind.drift.resolved"] = "duetmind.drift.resolved"


class RetrainRequested(Envelope[RetrainData]):
    """Signals that a model should learn again; its id is the id of the job."""

    type: Literal["duetmind.retrain.requested"] = "duetmind.retrain.requested"


class RetrainStarted(Envelope[RetrainData]):
    """Signals that a training job began."""

    type: Literal["duetmind.retrain.started"] = "duetmind.retrain.started"


class RetrainSucceeded(Envelope[RetrainData]):
    """Signals that a challenger exists; a promotion or a rejection follows."""

    type: Literal["duetmind.retrain.succeeded"] = "duetmind.retrain.succeeded"


class RetrainFailed(Envelope[RetrainData]):
    """Signals that a training job ended without a challenger."""

    type: Literal["duetmind.retrain.failed"] = "duetmind.retrain.failed"


class RetrainSuppressed(Envelope[RetrainData]):
    """Signals that a retrain was called for and not asked for, and why."""

    type: Literal["duetmind.retrain.suppressed"] = "duetmind.retrain.suppressed"


class ModelPromoted(Envelope[VersionData]):
    """Signals that a version became the champion; a server should reload."""

    type: Literal["duetmind.model.promoted"] = "duetmind.model.promoted"


class ModelRejected(Envelope[VersionData]):
    """Signals that a challenger did not prove itself."""

    type: Literal["duetmind.model.rejected"] = "duetmind.model.rejected"


class ModelRolledBack(Envelope[VersionData]):
    """Signals that an earlier version serves again; a server should reload."""

    type: Literal["duetmind.model.rolled_back"] = "duetmind.model.rolled_back"


class ReviewRequested(Envelope[ReviewData]):
    """Signals that a person is asked."""

    type: Literal["duetmind.review.requested"] = "duetmind.review.requested"


class ReviewApproved(Envelope[ReviewData]):
    """Signals that a person agreed."""

    type: Literal["duetmind.review.approved"] = "duetmind.review.approved"


class ReviewRejected(Envelope[ReviewData]):
    """Signals that a person refused."""

    type: Literal["duetmind.review.rejected"] = "duetmind.review.rejected"


class ReviewExpired(Envelope[ReviewData]):
    """Signals that nobody answered in time, so nothing is done."""

    type: Literal["duetmind.review.expired"] = "duetmind.review.expired"


class ThresholdAdjusted(Envelope[ThresholdData]):
    """Signals that a threshold moved."""

    type: Literal["duetmind.threshold.adjusted"] = "duetmind.threshold.adjusted"


class ResourcesScaled(Envelope[ResourcesData]):
    """Signals that the bounds of the pool moved."""

    type: Literal["duetmind.resources.scaled"] = "duetmind.resources.scaled"


class JobStarted(Envelope[JobData]):
    """Signals that a worker took a job."""

    type: Literal["duetmind.job.started"] = "duetmind.job.started"


class JobProgressed(Envelope[JobData]):
    """Signals that a job came further."""

    type: Literal["duetmind.job.progressed"] = "duetmind.job.progressed"


class JobSucceeded(Envelope[JobData]):
    """Signals that a job ended well."""

    type: Literal["duetmind.job.succeeded"] = "duetmind.job.succeeded"


class JobFailed(Envelope[JobData]):
    """Signals that a job ended badly, for good."""

    type: Literal["duetmind.job.failed"] = "duetmind.job.failed"


class JobCancelled(Envelope[JobData]):
    """Signals that a person ended a job."""

    type: Literal["duetmind.job.cancelled"] = "duetmind.job.cancelled"


class AlertDelivered(Envelope[AlertData]):
    """Signals that a channel took a message."""

    type: Literal["duetmind.alert.delivered"] = "duetmind.alert.delivered"


class AlertFailed(Envelope[AlertData]):
    """Signals that a message is in the dead letters."""

    type: Literal["duetmind.alert.failed"] = "duetmind.alert.failed"


class AlertSuppressed(Envelope[AlertData]):
    """Signals that a message was not sent, and why."""

    type: Literal["duetmind.alert.suppressed"] = "duetmind.alert.suppressed"


Event = (
    CheckCompleted | CheckFailed | DriftDetected | DriftUpdated | DriftResolved
    | RetrainRequested | RetrainStarted | RetrainSucceeded | RetrainFailed | RetrainSuppressed
    | ModelPromoted | ModelRejected | ModelRolledBack
    | ReviewRequested | ReviewApproved | ReviewRejected | ReviewExpired
    | ThresholdAdjusted | ResourcesScaled
    | JobStarted | JobProgressed | JobSucceeded | JobFailed | JobCancelled
    | AlertDelivered | AlertFailed | AlertSuppressed
)  # fmt: skip

_ADAPTER: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="type")], config=ConfigDict(defer_build=True)
)


_KINDS: dict[str, type[Event]] = {kind.model_fields["type"].default: kind for kind in get_args(Event)}


def parse_event(document: str | bytes) -> Event:
    """Read one envelope from its JSON; raises pydantic.ValidationError on anything else.

    The type is looked up before the document is validated, so that only the validators of types that occur are made.
    """
    kind = _KINDS.get(_type_in(document))
    return kind.model_validate_json(document) if kind else _ADAPTER.validate_json(document)


def _type_in(document: str | bytes) -> str:
    """What a JSON document gives as its `type`; empty if it is no such document."""
    try:
        envelope = from_json(document)
    except ValueError:
        return ""
    return str(envelope.get("type", "")) if isinstance(envelope, dict) else ""


def event_schema() -> dict[str, Any]:
    """The JSON Schema of the union, for the API document."""
    return _ADAPTER.json_schema()


def source_of(model: str) -> str:
    """The CloudEvents `source` of a model's events.

    >>> source_of("loans")
    '/duetmind/models/loans'
    """
    return f"/duetmind/models/{model}"


def derive_id(*parts: object) -> str:
    """A UUID that depends on nothing but `parts` (RFC 9562 version 8): the same decision has the same id.

    >>> derive_id("loans", 3) == derive_id("loans", 3) != derive_id("loans", 4)
    True
    """
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:16]
    raw = bytearray(digest)
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def make(kind: type[Envelope[Any]], data: Data, *, id: str, time: datetime) -> Event:
    """Build the event of class `kind`; the source follows from `data.model`."""
    return kind(id=id, source=source_of(data.model), time=time, data=data)  # type: ignore[return-value]
