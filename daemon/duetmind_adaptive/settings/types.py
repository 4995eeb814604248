"""The base of every section, and the types that several sections share."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from duetmind_adaptive.settings.durations import format_duration, parse_duration

_RATE = re.compile(r"[1-9]\d* per [1-9]\d*[smhd]", re.ASCII)


def _rate(value: str) -> str:
    if not _RATE.fullmatch(value):
        raise ValueError("a rate such as 1 per 30d")
    return value


def _positive(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("a duration of 1s or more")
    return value


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _day_time(value: object) -> object:
    if isinstance(value, int) and 0 <= value < 24 * 60:
        return time(*divmod(value, 60))
    if isinstance(value, str) and len(value) == 4:
        return f"0{value}"
    return value


#: zero or more seconds
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\s*\d+(\.\d+)?\s*[smhd]?\s*$", "minimum": 0}),
]
#: a second or more
Interval = Annotated[Duration, AfterValidator(_positive)]
#: so many in so long
Rate = Annotated[str, AfterValidator(_rate)]
#: a time of day; YAML reads 22:00 as a number to the base of 60
DayTime = Annotated[time, BeforeValidator(_day_time), WithJsonSchema({"type": "string", "pattern": r"^\d\d?:\d\d$"})]
#: a point in time; without an offset it is UTC
Moment = Annotated[datetime, AfterValidator(_utc)]
#: `[start, end)`; end may be null for an open range
RowRange = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)] | None]
Metric = Literal["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss", "r2", "mae", "rmse"]
Task = Literal["binary", "multiclass", "regression"]
#: how a column can be compared with the reference's; the last five (`DISTANCES`) give no p-value
ColumnTest = Literal[
    "ks",
    "cramer_von_mises",
    "anderson_darling",
    "chi2",
    "chi2_grouped",
    "g",
    "fisher",
    "psi",
    "wasserstein",
    "jensen_shannon",
    "hellinger",
    "energy",
]
DISTANCES: tuple[ColumnTest, ...] = ("psi", "wasserstein", "jensen_shannon", "hellinger", "energy")
#: those that are only for numbers, times and lengths of texts, and those that are only for categories and booleans
OF_NUMBERS: tuple[ColumnTest, ...] = ("ks", "cramer_von_mises", "anderson_darling", "wasserstein", "energy")
OF_CATEGORIES: tuple[ColumnTest, ...] = ("chi2_grouped", "fisher")


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class SecretRef(Section):
    """A secret is never written in the config: it is read from the environment or a file."""

    env: str | None = Field(default=None, description="name of the environment variable")
    file: str | None = Field(default=None, description="path of the file")

    @model_validator(mode="after")
    def _one_of(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise ValueError("give exactly one of env and file")
        return self
