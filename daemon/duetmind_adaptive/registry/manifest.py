"""What an artifact says about itself: enough to serve it, to judge it and to know where it came from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from duetmind_adaptive.records import Kind
from duetmind_adaptive.settings.types import Metric, Task

#: bumped whenever a field changes its meaning; other versions are refused
FORMAT = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=True)


class Feature(_Frozen):
    """One input column: what it holds, and how it was stored when the model learned."""

    name: str
    kind: Kind
    dtype: str = ""


class Manifest(_Frozen):
    """The first entry of an artifact; `payload_*` describe the second and are filled in by saving."""

    format: Literal[1] = FORMAT
    model: str
    task: Task
    target: str
    features: tuple[Feature, ...] = Field(min_length=1)
    #: the classes in the order of the probabilities' columns; empty for regression
    classes: tuple[bool | int | float | str, ...] = ()
    #: from this probability on, a binary model answers with the second class; None = the likelier class
    threshold: float | None = Field(default=None, ge=0, le=1)
    metric: Metric
    metrics: dict[str, float] = Field(default_factory=dict[str, float])
    libraries: dict[str, str] = Field(default_factory=dict[str, str])
    #: production rows `[first, last)`; the rows of the reference come right before, so they are negative
    trained_rows: tuple[int, int]
    train_size: int
    #: times of the first and last row learned from
    trained_from: datetime | None = None
    trained_to: datetime | None = None
    #: sha256 of the rows learned from (`training.fingerprint`); empty where it was not taken
    fingerprint: str = ""
    #: the pipeline's configuration
    pipeline: dict[str, Any] = Field(default_factory=dict[str, Any])
    created: datetime
    payload_sha256: str = ""
    payload_bytes: int = 0
