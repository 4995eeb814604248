"""The base of every section, and the types that several sections share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from duetmind_adaptive.settings.durations import format_duration, parse_duration


def _positive(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("a duration of 1s or more")
    return value


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: zero or more seconds
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\s*\d+(\.\d+)?\s*[smhd]?\s*$", "minimum": 0}),
]
#: a second or more
Interval = Annotated[Duration, AfterValidator(_positive)]
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
