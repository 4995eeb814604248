"""When something comes due."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, model_validator

from duetmind_adaptive.settings.types import Duration, Interval, Section


class ScheduleSettings(Section):
    """When to check: exactly one of `every` and `cron`."""

    every: Interval | None = Field(default=None, description="interval, counted from midnight in the time zone")
    cron: str | None = Field(default=None, description="five fields as in crontab(5), 0 and 7 are Sunday")
    timezone: str = Field(default="UTC", description="IANA time zone of the cron fields")
    jitter: Duration = Field(
        default=timedelta(0), description="a slot is delayed by up to this much, the same for the same slot"
    )

    @model_validator(mode="after")
    def _one_of(self) -> ScheduleSettings:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give exactly one of every and cron")
        return self
