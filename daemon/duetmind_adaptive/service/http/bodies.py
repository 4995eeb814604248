"""What clients send, as pydantic models: it holds nothing but the named keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from duetmind_adaptive.settings.types import Interval

Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class Body(BaseModel):
    """What a client sends: nothing but the named keys."""

    model_config = ConfigDict(extra="forbid")


class AnswerBody(Body):
    """Who answers a review, and why."""

    by: str = Field(default="a person", min_length=1, max_length=200)
    reason: str = Field(default="", max_length=500)


class AcknowledgeBody(Body):
    """Who takes an incident on, and what they make of it."""

    by: str = Field(default="a person", min_length=1, max_length=200)
    note: str = Field(default="", max_length=500)


class SilenceBody(Body):
    """For how long nobody is to be told of a model."""

    duration: Interval = Field(alias="for", description="such as 2h; a year at most", le=timedelta(days=365))
    by: str = Field(default="a person", min_length=1, max_length=200)
    reason: str = Field(default="", max_length=500)


class PauseBody(Body):
    """Why nothing is to be done about drift for the moment."""

    reason: str = Field(default="", max_length=500)


class EmptyBody(Body):
    """An empty object, or no body."""


class RollbackBody(Body):
    """Which version to go back to; the previous one by default."""

    to: Version | None = None


class PromoteBody(Body):
    """Which version shall serve."""

    version: Version


class ThresholdBody(Body):
    """The smallest effect that counts as drift; null is the config's."""

    drift_threshold: float | None = Field(default=None, gt=0, lt=1)


class MadeBody(Body):
    """What a trainer elsewhere made of a request: the path of an artifact, or why there is none."""

    request: str = Field(min_length=1, max_length=200)
    artifact: str = Field(default="", max_length=4096)
    error: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _one_of(self) -> MadeBody:
        if bool(self.artifact) == bool(self.error):
            raise ValueError("give exactly one of artifact and error")
        return self


class BeginBody(Body):
    """Which workflow of the config shall run."""

    workflow: str
